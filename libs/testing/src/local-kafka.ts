import { execFile, type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { listens } from './free-port.js';
import {
  brokerArguments,
  brokerProperties,
  formatArguments,
  isNew,
  type KafkaServer,
  type KafkaServerOptions,
} from './kafka-server.js';

const run = promisify(execFile);

/** The release that suites and `npm start -- --kafka` run on. */
export const kafkaVersion = '4.1.1';

/** One Apache Kafka broker, its own controller (KRaft), on this machine's JVM: no Docker, no installation. */
export async function startLocalKafka(options: KafkaServerOptions): Promise<KafkaServer> {
  const jars = await kafkaJars();
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const properties = path.join(options.folder, 'server.properties');
  await writeFile(properties, brokerProperties(options, '127.0.0.1'), { mode: 0o600 });
  if (isNew(options)) await run('java', formatArguments(jars, properties, options));
  const log = await open(options.logFile, 'a', 0o600);
  const child = spawn('java', brokerArguments(jars, properties), {
    cwd: options.folder,
    stdio: ['ignore', log.fd, log.fd],
    detached: options.ownProcessGroup ?? false,
  });
  await log.close();
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  await answering(options, child);
  return {
    runsAs: { pid: child.pid ?? 0 },
    broker: `127.0.0.1:${options.port}`,
    exited,
    stop: async () => {
      const patience = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await end('SIGTERM');
      clearTimeout(patience);
    },
    kill: () => end('SIGKILL'),
  };
}

async function answering({ port, logFile }: KafkaServerOptions, child: ChildProcess): Promise<void> {
  while (!(await listens(port))) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      throw new Error(`Kafka ended while it started; see ${logFile}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Why this machine's own JVM cannot run Kafka; undefined when it can. */
export async function whyNoJvm(): Promise<string | undefined> {
  const java = await run('java', ['-version']).then(
    ({ stderr }) => /version "(\d+)/.exec(stderr)?.[1],
    () => undefined,
  );
  if (java === undefined || Number(java) < 17) return 'no JDK 17 or newer on the PATH';
  if (existsSync(jarsFolder())) return undefined;
  return run('mvn', ['-version']).then(
    () => undefined,
    () => 'no Maven on the PATH to bring Kafka with',
  );
}

function jarsFolder(): string {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache');
  return path.join(cache, 'vouchsafe', `kafka-${kafkaVersion}-slf4j`);
}

let jars: Promise<string> | undefined;

/** Kafka's jars, brought from Maven Central once and kept in this user's cache. */
export function kafkaJars(): Promise<string> {
  jars ??= bringJars();
  return jars;
}

async function bringJars(): Promise<string> {
  const home = jarsFolder();
  if (existsSync(home)) return home;
  await mkdir(path.dirname(home), { recursive: true });
  const half = await mkdtemp(`${home}-`);
  try {
    await writeFile(path.join(half, 'pom.xml'), pom);
    await run('mvn', [
      '-q',
      '-B',
      '-f',
      path.join(half, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${path.join(half, 'jars')}`,
    ]);
    // Several processes may bring them at once: the first rename wins, and all copies are alike.
    await rename(path.join(half, 'jars'), home).catch(() => undefined);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return home;
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>vouchsafe</groupId>
  <artifactId>broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;
