import path from 'node:path';
import {
  bringImage,
  describeKafka,
  freePort,
  kafkaChoice,
  type KafkaServer,
  startKafkaServer,
} from '@vouchsafe/testing';
import type { DataFolder } from './data-folder.ts';
import { Refusal } from '../../libs/service-host/src/command-line.ts';

export interface SystemKafka {
  /** For the services: `kafka://host:port,host:port`. */
  readonly url: string;
  /** SIGKILL, for tests; not of brokers that were given. */
  kill(): Promise<void>;
  /** Starts a broker that was killed on its data and port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The brokers of KAFKA_BROKERS; else one of this data folder, in a container or on this machine's JVM, which keeps what it holds for
 * the next start of either kind.
 */
export async function startKafka(
  data: DataFolder,
  say: (line: string) => void,
  onExit: (log: string) => void,
): Promise<SystemKafka> {
  if (!process.env.KAFKA_BROKERS) await bringImage('kafka', (line) => say(`kafka      ${line}`));
  const choice = await kafkaChoice();
  if (choice.by === 'none') {
    throw new Refusal(
      `--kafka needs Apache Kafka, but there is ${await describeKafka()}.\n` +
        `Start a Docker engine, or install a JDK (17 or newer) and Maven, or name brokers: KAFKA_BROKERS=host:port npm start -- --kafka\n` +
        `Without --kafka the bus is a log in Postgres and needs nothing else.`,
    );
  }
  if (choice.by === 'given') {
    say(`kafka      the brokers of KAFKA_BROKERS: ${choice.brokers.join(', ')}`);
    const nothing = () => Promise.resolve();
    return { url: urlOf(choice.brokers), kill: nothing, start: nothing, stop: nothing };
  }
  const logFile = path.join(data.logs, 'kafka.log');
  const ports = { port: await freePort(), controllerPort: await freePort() };
  let broker: KafkaServer;
  const start = async (): Promise<void> => {
    const started = await startKafkaServer({
      ...ports,
      folder: path.join(data.path, 'kafka'),
      logFile,
      ownProcessGroup: true,
    });
    broker = started;
    data.record('kafka', started.runsAs);
    void started.exited.then(() => onExit(logFile));
  };
  await start();
  say(
    `kafka      ready on 127.0.0.1:${ports.port}${choice.by === 'container' ? `, in a container of ${choice.image}` : ''}`,
  );
  return {
    url: urlOf([`127.0.0.1:${ports.port}`]),
    kill: () => broker.kill(),
    start,
    stop: () => broker.stop(),
  };
}

function urlOf(brokers: readonly string[]): string {
  return `kafka://${brokers.join(',')}`;
}
