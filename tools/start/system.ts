import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type ServiceName, serviceNames, services } from '@vouchsafe/contracts';
import { Database, provisionDatabase } from '@vouchsafe/database';
import { busMigrations } from '@vouchsafe/messaging';
import { freePort, type LocalPostgres } from '@vouchsafe/testing';
import type { DataFolder } from './data-folder.ts';
import { databases } from './databases.ts';
import { startKafka, type SystemKafka } from './kafka.ts';
import { startPostgres } from './postgres.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import { death, type ServiceProcess, startService } from './service-process.ts';
import { backupRecordsOf, portsBy, type Surroundings } from './services.ts';
import { startStripe, type SystemStripe } from './stripe.ts';
import { beginBackupRecords } from '../../services/lifecycle/src/backup/backup-records.ts';

export interface SystemOptions {
  /** The clone; its services are built. */
  readonly root: string;
  /** Opened for this process; released when the system has stopped. */
  readonly data: DataFolder;
  /** Port of the gateway. */
  readonly port: number;
  /** One line of progress. */
  readonly say: (line: string) => void;
  /** Gives the start up half-way; what runs already is ended. */
  readonly signal?: AbortSignal;
  /** Apache Kafka as the bus, in place of the log in Postgres. */
  readonly kafka?: boolean;
  /** More environment variables for every service. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds, of the stand-in for Stripe: for tests that move the services' clock. */
  readonly stripeClock?: () => number;
}

export interface RunningSystem {
  /** `http://127.0.0.1:port`, the gateway. */
  readonly url: string;
  readonly mailFolder: string;
  readonly logsFolder: string;
  /** Superuser's URL of the cluster; for tests that look behind the services' backs. */
  readonly adminUrl: string;
  readonly secrets: Secrets;
  /** Where the bus is Kafka. */
  readonly kafka?: SystemKafka;
  /** Where billing finds Stripe, or its stand-in. */
  readonly stripe: SystemStripe;
  service(name: ServiceName): ServiceProcess;
  /** Starts a service again that a test has killed, on its former port, and waits until it is ready. */
  restart(name: ServiceName): Promise<void>;
  /** One more instance of a service, on ports of its own; the caller ends it. */
  another(name: ServiceName): Promise<ServiceProcess>;
  /** The database server's process as it is now. */
  postgres(): LocalPostgres;
  /** Starts the database server again that a test has killed, on its data and port. */
  restartPostgres(): Promise<void>;
  /** Rejects when a part ends unexpectedly. */
  readonly broken: Promise<never>;
  /** Ends every part, in order: the gateway, the services, the bus, the database. */
  stop(): Promise<void>;
}

/** Brings up a whole Vouchsafe on this machine: Postgres, the databases, every service as a process of its own. */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const started: Started = { services: new Map() };
  try {
    return await bringUp(options, started);
  } catch (error) {
    await takeDown(options.data, started, () => undefined);
    throw error;
  }
}

/** What runs already; all of it is ended when a later part fails. */
interface Started {
  postgres?: LocalPostgres;
  kafka?: SystemKafka;
  stripe?: SystemStripe;
  readonly services: Map<ServiceName, ServiceProcess>;
}

async function bringUp(options: SystemOptions, started: Started): Promise<RunningSystem> {
  const { root, data: folder, port, say, signal } = options;
  const secrets = await openSecrets(folder.secrets);
  signal?.throwIfAborted();
  const postgresPort = await freePort();
  const watch = watcher();
  const runPostgres = async (): Promise<LocalPostgres> => {
    const server = await startPostgres(folder, secrets.postgres, postgresPort, say);
    started.postgres = server;
    folder.record('postgres', server);
    void server.exited.then(() =>
      watch.fail('postgres', 'see its log', path.join(folder.logs, 'postgres.log')),
    );
    return server;
  };
  const postgres = await runPostgres();
  await makeDatabases(secrets, postgres.adminUrl, postgresPort);
  say(`postgres   ready on 127.0.0.1:${postgresPort}`);
  if (options.kafka) {
    started.kafka = await startKafka(folder, say, (log) => watch.fail('kafka', 'see its log', log));
  }

  const stripeEnv = { ...process.env, ...options.env };
  const stripe = await startStripe(folder, secrets, port, stripeEnv, options.stripeClock);
  started.stripe = stripe;
  if (stripe.url) say(`stripe     a stand-in, on ${stripe.url}; no money moves`);
  const surroundings = await surroundingsOf(options, { secrets, postgresPort, kafka: started.kafka, stripe });
  const run = async (name: ServiceName) => {
    const service = await startService(name, { ...surroundings, root, logs: folder.logs });
    started.services.set(name, service);
    watch(service);
    folder.record(name, service);
    await service.ready(signal);
    say(`${name.padEnd(10)} ready`);
  };
  await Promise.all(serviceNames.map(run));

  return {
    url: `http://127.0.0.1:${port}`,
    mailFolder: folder.mail,
    logsFolder: folder.logs,
    adminUrl: postgres.adminUrl,
    secrets,
    ...(started.kafka && { kafka: started.kafka }),
    stripe,
    service: (name) => {
      const service = started.services.get(name);
      if (!service) throw new Error(`${name} was not started`);
      return service;
    },
    restart: run,
    another: async (name) => {
      const ports = { ...surroundings.ports, [name]: await freePort() };
      const more = { ...surroundings, ports, internalPort: await freePort(), root, logs: folder.logs };
      const service = await startService(name, more);
      folder.record(`${name}-${service.pid}`, service);
      await service.ready(signal);
      return service;
    },
    postgres: () => started.postgres ?? postgres,
    restartPostgres: async () => {
      await runPostgres();
    },
    broken: watch.broken,
    stop: () => takeDown(folder, started, watch.stand),
  };
}

/** Makes databases and roles that are missing; the services bring their schemas up to date themselves. */
export async function makeDatabases(secrets: Secrets, adminUrl: string, port: number): Promise<void> {
  for (const database of databases) {
    const password = (role: Parameters<Secrets['databasePassword']>[1]) =>
      secrets.databasePassword(database, role);
    await provisionDatabase({ adminUrl, service: database, password });
  }
  await migrateBus(secrets, port);
}

async function surroundingsOf(
  { data: folder, port, env }: SystemOptions,
  {
    secrets,
    postgresPort,
    kafka,
    stripe,
  }: {
    readonly secrets: Secrets;
    readonly postgresPort: number;
    readonly kafka: SystemKafka | undefined;
    readonly stripe: SystemStripe;
  },
): Promise<Surroundings> {
  const filesFolder = path.join(folder.path, 'files');
  await mkdir(filesFolder, { recursive: true, mode: 0o700 });
  await beginBackupRecords(backupRecordsOf(folder.tombstones), new Date());
  return {
    secrets,
    postgresPort,
    ...(kafka && { kafkaUrl: kafka.url }),
    ports: await portsBy((name) => (services[name].public ? port : freePort())),
    internalPort: await freePort(),
    mailFolder: folder.mail,
    filesFolder,
    tombstonesFolder: folder.tombstones,
    stripe: stripe.variables,
    ...(env && { more: env }),
  };
}

/** The embedded bus has no service of its own that would bring its schema up to date. */
export async function migrateBus(secrets: Secrets, port: number): Promise<void> {
  const database = new Database({
    service: 'bus',
    url: `postgres://127.0.0.1:${port}/bus`,
    password: (role) => secrets.databasePassword('bus', role),
  });
  try {
    await database.migrate(busMigrations);
  } finally {
    await database.close();
  }
}

/** Distinguishes an unexpected end of a part from a requested one. */
function watcher() {
  const { promise: broken, reject } = Promise.withResolvers<never>();
  // Callers that wait for it get the rejection; for the others it must not be an unhandled one.
  broken.catch(() => undefined);
  let standing = true;
  const fail = (name: string, how: string, log: string) => {
    if (standing) void death(name, how, log).then(reject);
  };
  const watch = (service: ServiceProcess) =>
    void service.exited.then((how) => fail(service.name, how, service.log));
  return Object.assign(watch, { broken, fail, stand: () => (standing = false) });
}

async function takeDown(
  folder: DataFolder,
  { postgres, kafka, services, stripe }: Started,
  stand: () => void,
): Promise<void> {
  stand();
  for (const name of serviceNames) await services.get(name)?.stop();
  await stripe?.standIn?.stop();
  await kafka?.stop();
  await postgres?.stop();
  folder.release();
}
