import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import {
  Database,
  type DatabaseOptions,
  type DatabaseRole,
  provisionDatabase,
  roleNames,
  type SqlMigration,
} from '@vouchsafe/database';
import { freePort } from './free-port.js';
import {
  copyPostgresFolder,
  createPostgresFolder,
  type LocalPostgres,
  startLocalPostgres,
} from './local-postgres.js';

export interface TestPostgres {
  readonly adminUrl: string;
  /** A fresh database with a service's roles, migrated. */
  database(
    service: string,
    migrations: readonly SqlMigration[],
    options?: Partial<DatabaseOptions>,
  ): Promise<Database>;
  /** A role's own connection string, for tools that bring their own client. */
  url(service: string, role: DatabaseRole): string;
  /** Kills the server without warning and starts it on the same data and port; crash recovery is Postgres's own. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const password = 'only-for-tests';

/** A real Postgres of this suite's own, gone with it. */
export async function testPostgres({
  durable = false,
  parent = tmpdir(),
}: {
  readonly durable?: boolean;
  /** Folder to put the data under: a small file system of its own, for a suite that fills it. */
  readonly parent?: string;
} = {}): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(parent, 'vouchsafe-postgres-'));
  // Started by root, the server runs as a user of its own, who must be able to reach its folder.
  await chmod(folder, 0o711);
  const data = path.join(folder, 'data');
  await copyPostgresFolder(await template(), data);
  const port = await freePort();
  const start = (): Promise<LocalPostgres> =>
    startLocalPostgres({
      folder: data,
      port,
      password,
      logFile: path.join(folder, 'log'),
      // A test's data need not outlive the machine; a killed process loses nothing by it. Benchmarks pay the full price.
      settings: ['max_connections=200', ...(durable ? [] : ['fsync=off', 'full_page_writes=off'])],
    });
  let server = await start();
  // A suite that dies must not leave its server behind.
  const stopWithUs = () => void server.stop();
  process.once('exit', stopWithUs);
  const { adminUrl } = server;
  const opened: Database[] = [];
  return {
    adminUrl,
    database: async (service, migrations, options = {}) => {
      await provisionDatabase({ adminUrl, service, password: () => password });
      const database = new Database({
        service,
        url: `postgres://127.0.0.1:${port}/${service}`,
        password: () => password,
        ...options,
      });
      opened.push(database);
      await database.migrate(migrations);
      return database;
    },
    url: (service, role) => `postgres://${roleNames(service)[role]}:${password}@127.0.0.1:${port}/${service}`,
    restart: async () => {
      process.kill(server.pid, 'SIGQUIT');
      await server.exited;
      server = await start();
    },
    stop: async () => {
      process.removeListener('exit', stopWithUs);
      await Promise.all(opened.map((database) => database.close()));
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An empty cluster, made once on this machine and copied for each suite: `initdb` costs a second, a copy a tenth. */
async function template(): Promise<string> {
  const home = path.join(tmpdir(), `vouchsafe-postgres-template-18-1-${userInfo().uid}`);
  if (existsSync(home)) return home;
  const half = await mkdtemp(path.join(tmpdir(), 'vouchsafe-postgres-template-'));
  await chmod(half, 0o711);
  await createPostgresFolder(path.join(half, 'data'), password, 'password');
  // Suites start side by side: the first one to rename wins, the others' folders are alike and go.
  await rename(path.join(half, 'data'), home).catch(() => undefined);
  await rm(half, { recursive: true, force: true });
  return home;
}
