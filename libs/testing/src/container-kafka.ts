import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startContainer } from './container.js';
import {
  brokerArguments,
  brokerProperties,
  formatArguments,
  isNew,
  type KafkaServer,
  type KafkaServerOptions,
} from './kafka-server.js';

/** Where the official image (apache/kafka) has them, and whatever image takes its place must. */
const jars = '/opt/kafka/libs';

/** The same broker as on this machine's JVM, on the same folder, but in a container: either can go on where the other stopped. */
export async function startContainerKafka(image: string, options: KafkaServerOptions): Promise<KafkaServer> {
  const { folder, port, logFile } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const properties = path.join(folder, 'server.properties');
  await writeFile(properties, brokerProperties(options, '0.0.0.0'), { mode: 0o600 });
  const run = java(brokerArguments(jars, properties));
  const script = isNew(options)
    ? `${java(formatArguments(jars, properties, options))} && exec ${run}`
    : `exec ${run}`;
  const container = await startContainer({
    image,
    // The broker sends to itself by the name that it gives to others, so the port is one and the same on both sides.
    port: { inside: port, outside: port },
    entrypoint: ['/bin/sh', '-c'],
    command: [script],
    folder,
    logFile,
  }).catch((error: unknown) => {
    throw new Error(`Kafka did not start in a container of ${image}; see ${logFile}`, { cause: error });
  });
  const exited = container.ended();
  return {
    runsAs: { container: container.id },
    broker: `127.0.0.1:${port}`,
    exited,
    stop: async () => {
      await container.stop(30);
      await exited;
      await container.remove();
    },
    kill: async () => {
      await container.remove();
      await exited;
    },
  };
}

function java(args: readonly string[]): string {
  return ['java', ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}
