import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { containerFacts } from './engine.js';
import { freePort } from './free-port.js';
import type { KafkaServer, KafkaServerOptions } from './kafka-server.js';
import { kafkaJars, kafkaVersion, startLocalKafka, whyNoJvm } from './local-kafka.js';
import { chooseKafka, chooseServer, type KafkaChoice, type ServerChoice } from './server-choice.js';

let choice: Promise<KafkaChoice> | undefined;
let own: Promise<ServerChoice> | undefined;

/** Made once for a process, here alone (stack, 'Kafka'); the same suites run on whatever it is. */
export function kafkaChoice(): Promise<KafkaChoice> {
  choice ??= choose();
  return choice;
}

async function choose(): Promise<KafkaChoice> {
  const given = (process.env.KAFKA_BROKERS ?? '').split(',').filter((broker) => broker !== '');
  const chosen = chooseKafka(given, await containerFacts('kafka'));
  return chosen.by === 'given' ? chosen : ownChoice();
}

/** As if no brokers had been given: for whoever starts one. */
function ownChoice(): Promise<ServerChoice> {
  own ??= containerFacts('kafka').then(async (facts) => {
    const chosen = chooseServer(facts);
    if (chosen.by !== 'process') return chosen;
    const missing = await whyNoProcess();
    return missing === undefined ? chosen : { by: 'none', reason: `${chosen.because}; ${missing}` };
  });
  return own;
}

async function whyNoProcess(): Promise<string | undefined> {
  const reason = await whyNoJvm();
  if (reason !== undefined) return reason;
  return kafkaJars().then(
    () => undefined,
    () => `Maven could not bring Kafka ${kafkaVersion}`,
  );
}

/** In a line, for people. */
export async function describeKafka(): Promise<string> {
  const chosen = await kafkaChoice();
  switch (chosen.by) {
    case 'given':
      return `the brokers of KAFKA_BROKERS (${chosen.brokers.join(', ')}); suites that break a broker start their own`;
    case 'container':
      return `${chosen.image}, a container of its own for each suite`;
    case 'process':
      return `${kafkaVersion}, of Maven Central, on this machine's JVM (${chosen.because}); a broker of its own for each suite`;
    case 'none':
      return `none (${chosen.reason}): its suites are skipped`;
  }
}

/** Why the suites on Kafka must be skipped here; undefined when they run. */
export async function whyNoKafka(): Promise<string | undefined> {
  const chosen = await kafkaChoice();
  return chosen.by === 'none' ? chosen.reason : undefined;
}

/** A broker of this machine's own, on its folder, as it was chosen. */
export async function startKafkaServer(options: KafkaServerOptions): Promise<KafkaServer> {
  const chosen = await ownChoice();
  switch (chosen.by) {
    case 'container': {
      const { startContainerKafka } = await import('./container-kafka.js');
      return startContainerKafka(chosen.image, options);
    }
    case 'process':
      return startLocalKafka(options);
    case 'none':
      throw new Error(`There is no Kafka to start: ${chosen.reason}`);
  }
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
  options: Pick<KafkaServerOptions, 'protocol' | 'settings' | 'scramUsers'> = {},
): Promise<OwnKafka> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-kafka-'));
  const data = path.join(folder, 'data');
  const ports = { port: await freePort(), controllerPort: await freePort() };
  const start = (): Promise<KafkaServer> =>
    startKafkaServer({ ...options, ...ports, folder: data, logFile: path.join(folder, 'log') });
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
