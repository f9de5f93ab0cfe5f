import { execFile, type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The release that suites and `npm start -- --kafka` run on. */
export const kafkaVersion = '4.1.1';

export interface LocalKafkaOptions {
  /** The broker's own folder; formatted where it is new. */
  readonly folder: string;
  readonly port: number;
  /** Of the controller, which only the broker itself talks to. */
  readonly controllerPort: number;
  /** File that the broker's words are appended to. */
  readonly logFile: string;
  /** What the listener demands; PLAINTEXT where nothing is said. */
  readonly protocol?: 'PLAINTEXT' | 'SASL_SSL';
  /** More lines of `server.properties`; they win over those made here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Users to make when the folder is formatted. */
  readonly scramUsers?: readonly { readonly name: string; readonly password: string }[];
  /** A group of its own, so that a terminal's Ctrl-C does not reach it before those who use it have stopped. */
  readonly ownProcessGroup?: boolean;
}

export interface LocalKafka {
  readonly pid: number;
  /** `127.0.0.1:port` */
  readonly broker: string;
  /** Settles when the broker is gone, wanted or not. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** One Apache Kafka broker, its own controller (KRaft), on this machine's JVM: no Docker, no installation. */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<LocalKafka> {
  const jars = await kafkaJars();
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const properties = path.join(options.folder, 'server.properties');
  await writeFile(properties, propertiesOf(options), { mode: 0o600 });
  if (!existsSync(path.join(options.folder, 'log', 'meta.properties')))
    await format(jars, properties, options);
  const log = await open(options.logFile, 'a', 0o600);
  const child = spawn('java', [...jvm, '-cp', path.join(jars, '*'), 'kafka.Kafka', properties], {
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
    pid: child.pid ?? 0,
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

/** A broker for one machine: small, and quick to start. */
const jvm = [
  '-Xmx512m',
  '-Xms128m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:+ExitOnOutOfMemoryError',
  // Kafka brings no logger of its own: without one a broker that cannot start does not say why.
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
];

function propertiesOf({
  folder,
  port,
  controllerPort,
  protocol = 'PLAINTEXT',
  settings = {},
}: LocalKafkaOptions): string {
  const all = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,${protocol}:${protocol}`,
    'inter.broker.listener.name': protocol,
    listeners: `${protocol}://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'log.dirs': path.join(folder, 'log'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    // One machine's members all come at once; waiting for more only delays them.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '500',
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('');
}

async function format(
  jars: string,
  properties: string,
  { scramUsers = [] }: LocalKafkaOptions,
): Promise<void> {
  const users = scramUsers.flatMap(({ name, password }) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ]);
  const cluster = randomBytes(16).toString('base64url');
  await run('java', [
    ...jvm,
    ...['-cp', path.join(jars, '*'), 'kafka.tools.StorageTool', 'format'],
    ...['-t', cluster, '-c', properties, ...users],
  ]);
}

async function answering({ port, logFile }: LocalKafkaOptions, child: ChildProcess): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      throw new Error(`Kafka ended while it started; see ${logFile}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
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
