import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  kafkaJars,
  kafkaVersion,
  type LocalKafka,
  type LocalKafkaOptions,
  startLocalKafka,
  whyNoJvm,
} from './local-kafka.js';
import { freePort } from './free-port.js';

/** How this machine can have Kafka; where it cannot, why not. */
export type KafkaChoice =
  | { readonly by: 'given'; readonly brokers: readonly string[] }
  | { readonly by: 'jvm' }
  | { readonly by: 'none'; readonly reason: string };

let choice: Promise<KafkaChoice> | undefined;

/** Made once for a process, here alone (stack, 'Kafka'); the same suites run on whatever it is. */
export function kafkaChoice(): Promise<KafkaChoice> {
  choice ??= choose();
  return choice;
}

/** In a line, for people. */
export async function describeKafka(): Promise<string> {
  const chosen = await kafkaChoice();
  switch (chosen.by) {
    case 'given':
      return `the brokers of KAFKA_BROKERS (${chosen.brokers.join(', ')}); suites that break a broker start their own`;
    case 'jvm':
      return `${kafkaVersion}, of Maven Central, on this machine's JVM; a broker of its own for each suite`;
    case 'none':
      return `none (${chosen.reason}): its suites are skipped`;
  }
}

/** Why the suites on Kafka must be skipped here; undefined when they run. */
export async function whyNoKafka(): Promise<string | undefined> {
  const chosen = await kafkaChoice();
  return chosen.by === 'none' ? chosen.reason : undefined;
}

/** A real Kafka. */
export interface TestKafka {
  readonly brokers: readonly string[];
  stop(): Promise<void>;
}

/** For suites that keep to topics of their own: the brokers that were given, or one that goes with the suite. */
export async function testKafka(): Promise<TestKafka> {
  const chosen = await kafkaChoice();
  if (chosen.by === 'given') return { brokers: chosen.brokers, stop: () => Promise.resolve() };
  return ownKafka();
}

/** A broker that belongs to one suite, which may break it. */
export interface OwnKafka extends TestKafka {
  /** Kills the broker without warning and starts it on the same data and port. */
  restart(): Promise<void>;
  /** Puts a new, empty broker in the place of the old one. */
  replace(): Promise<void>;
}

export async function ownKafka(
  options: Pick<LocalKafkaOptions, 'protocol' | 'settings' | 'scramUsers'> = {},
): Promise<OwnKafka> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-kafka-'));
  const data = path.join(folder, 'data');
  const ports = { port: await freePort(), controllerPort: await freePort() };
  const start = (): Promise<LocalKafka> =>
    startLocalKafka({ ...options, ...ports, folder: data, logFile: path.join(folder, 'log') });
  let broker = await start();
  // A suite that dies must not leave its broker behind.
  const stopWithUs = () => void broker.kill();
  process.once('exit', stopWithUs);
  return {
    brokers: [broker.broker],
    restart: async () => {
      await broker.kill();
      broker = await start();
    },
    replace: async () => {
      await broker.kill();
      await rm(data, { recursive: true });
      broker = await start();
    },
    stop: async () => {
      process.removeListener('exit', stopWithUs);
      // Its data goes with it: nothing is gained by a shutdown in good order.
      await broker.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function choose(): Promise<KafkaChoice> {
  const given = process.env.KAFKA_BROKERS?.split(',').filter((broker) => broker !== '');
  if (given?.length) return { by: 'given', brokers: given };
  const reason = await whyNoJvm();
  if (reason !== undefined) return { by: 'none', reason };
  return kafkaJars().then(
    () => ({ by: 'jvm' }),
    () => ({ by: 'none', reason: `Maven could not bring Kafka ${kafkaVersion}` }),
  );
}
