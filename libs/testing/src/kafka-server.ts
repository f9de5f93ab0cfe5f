import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** What a broker is started with, whatever runs it. */
export interface KafkaServerOptions {
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

export interface KafkaServer {
  /** What must be ended, should whoever started it be gone. */
  readonly runsAs: { readonly pid: number } | { readonly container: string };
  /** `127.0.0.1:port` */
  readonly broker: string;
  /** Settles when the broker is gone, wanted or not. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
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

/**
 * `server.properties` of a broker that is its own controller (KRaft).
 * @param listen address that it listens on: all of its own, where a container's wall stands around it
 */
export function brokerProperties(
  { folder, port, controllerPort, protocol = 'PLAINTEXT', settings = {} }: KafkaServerOptions,
  listen: '127.0.0.1' | '0.0.0.0',
): string {
  const all = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,${protocol}:${protocol}`,
    'inter.broker.listener.name': protocol,
    listeners: `${protocol}://${listen}:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `${protocol}://127.0.0.1:${port}`,
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

/** Arguments of `java` that start a broker. */
export function brokerArguments(jars: string, properties: string): string[] {
  return [...jvm, '-cp', path.posix.join(jars, '*'), 'kafka.Kafka', properties];
}

/** Whether a broker's folder must be formatted first. */
export function isNew({ folder }: Pick<KafkaServerOptions, 'folder'>): boolean {
  return !existsSync(path.join(folder, 'log', 'meta.properties'));
}

/** Arguments of `java` that make a new folder the broker's own. */
export function formatArguments(
  jars: string,
  properties: string,
  { scramUsers = [] }: KafkaServerOptions,
): string[] {
  const users = scramUsers.flatMap(({ name, password }) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ]);
  return [
    ...jvm,
    ...['-cp', path.posix.join(jars, '*'), 'kafka.tools.StorageTool', 'format'],
    // In one word: an id may begin with a dash.
    ...[`--cluster-id=${randomBytes(16).toString('base64url')}`, '-c', properties, ...users],
  ];
}
