import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ServiceName } from '@vouchsafe/contracts';
import { Database, provisionDatabase } from '@vouchsafe/database';
import { freePort } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import pg from 'pg';
import { openDataFolder } from '../../tools/start/data-folder.ts';
import { startPostgres } from '../../tools/start/postgres.ts';
import { portsBy } from '../../tools/start/services.ts';
import { migrateBus } from '../../tools/start/system.ts';
import { openSecrets, type Secrets } from '../../tools/start/secrets.ts';
import { type ServiceProcess, startService } from '../../tools/start/service-process.ts';

const ENVIRONMENT = 'development';
const root = path.join(import.meta.dirname, '../..');

export interface AuditSystem {
  /** Superuser's URL of a database of the cluster. */
  readonly adminUrl: (database: string) => string;
  readonly busUrl: string;
  /** Audit's own database and vault, for a row that fills the log by itself; whoever opens them closes the database. */
  readonly open: () => Promise<{ database: Database; vault: Vault }>;
  readonly privateKeyFile: (service: ServiceName) => string;
  /** Starts the audit service; resolves when it is ready. */
  readonly start: (more?: Readonly<Record<string, string>>) => Promise<ServiceProcess>;
  /** Replaces audit's database by an empty one; audit must not be running. */
  readonly startOver: () => Promise<void>;
  readonly query: <Row extends object>(
    database: string,
    text: string,
    values?: readonly unknown[],
  ) => Promise<Row[]>;
  readonly close: () => Promise<void>;
}

/**
 * A durable Postgres, the embedded bus or a Kafka, and the audit service as `npm start` runs it, without the other services.
 * @param gatewayPort where the gateway would be asked; 1 where nobody is: nothing is missing from the bus
 */
export async function openAuditSystem({
  kafkaUrl,
  gatewayPort = 1,
}: { readonly kafkaUrl?: string; readonly gatewayPort?: number } = {}): Promise<AuditSystem> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-bench-'));
  const data = await openDataFolder(folder, () => undefined);
  const secrets = await openSecrets(data.secrets);
  const port = await freePort();
  const postgres = await startPostgres(data, secrets.postgres, port, () => undefined);
  const provision = (service: 'audit' | 'bus') =>
    provisionDatabase({
      adminUrl: postgres.adminUrl,
      service,
      password: (role) => secrets.databasePassword(service, role),
    });
  const adminUrl = (database: string) =>
    Object.assign(new URL(postgres.adminUrl), { pathname: `/${database}` }).href;
  const query: AuditSystem['query'] = (database, text, values) => queried(adminUrl(database), text, values);
  const started: ServiceProcess[] = [];
  await provision('audit');
  await provision('bus');
  await migrateBus(secrets, port);
  await localKeyProvider(secrets.kekFile('audit'), { create: true });
  return {
    adminUrl,
    busUrl: `postgres://bus_worker:${secrets.databasePassword('bus', 'worker')}@127.0.0.1:${port}/bus`,
    query,
    privateKeyFile: (service) => secrets.privateKeyFile(service),
    open: () => auditOf(secrets, port),
    start: async (more = {}) => {
      const audit = await startService('audit', {
        ...{ root, secrets, logs: data.logs, postgresPort: port, mailFolder: data.mail, filesFolder: folder },
        tombstonesFolder: data.tombstones,
        ports: await portsBy((name) => (name === 'audit' ? freePort() : 1)),
        internalPort: gatewayPort,
        ...(kafkaUrl !== undefined && { kafkaUrl }),
        more: { VOUCHSAFE_ENVIRONMENT: ENVIRONMENT, ...more },
      });
      started.push(audit);
      await audit.ready();
      return audit;
    },
    startOver: async () => {
      await query('postgres', 'drop database audit with (force)');
      await provision('audit');
    },
    close: async () => {
      for (const audit of started) await audit.stop();
      await postgres.stop();
      data.release();
      await rm(folder, { recursive: true });
    },
  };
}

/** Audit's database on a cluster, and its vault, as the service has them. */
export async function auditOf(secrets: Secrets, port: number): Promise<{ database: Database; vault: Vault }> {
  return {
    database: new Database({
      service: 'audit',
      url: `postgres://127.0.0.1:${port}/audit`,
      password: (role) => secrets.databasePassword('audit', role),
    }),
    // The service's own environment: what is sealed under another does not open.
    vault: new Vault({
      provider: await localKeyProvider(secrets.kekFile('audit')),
      environment: ENVIRONMENT,
      now: () => new Date(),
    }),
  };
}

async function queried<Row extends object>(
  connectionString: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
