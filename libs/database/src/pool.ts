import type { Duplex } from 'node:stream';
import { createPostgreSqlTypeParsers } from '@mikro-orm/postgresql';
import {
  CompiledQuery,
  type DatabaseConnection,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from 'kysely';
import pg from 'pg';
import array from 'postgres-array';
import { inOneWrite } from './one-write.js';

/**
 * A role's connections, for MikroORM and for prepared statements alike.
 * @param statementMs longest time of one statement; without it there is no bound
 */
export function connectionPool(connectionString: string, max: number, statementMs?: number): pg.Pool {
  const types = new pg.TypeOverrides();
  for (const [oid, parser] of Object.entries(createPostgreSqlTypeParsers((text) => array.parse(text)))) {
    types.setTypeParser(Number(oid), parser);
  }
  const pool = new pg.Pool({
    connectionString,
    max,
    types,
    // What is sent before the last answer came goes out at once, and is answered in its order.
    pipeline: true,
    ...(statementMs ? { statement_timeout: statementMs } : {}),
  });
  // A server that goes away shows as an error of whatever runs on the connection, and the pool drops it. Without listeners
  // the same news, told of an idle connection, would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    inOneWrite((client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream);
  });
  return pool;
}

/**
 * Kysely's dialect, with two differences. A transaction whose connection broke gives its place in the pool back: as it comes,
 * Kysely returns a connection only after a rollback that succeeded, and each transaction cut off by a restart of Postgres
 * would hold a place for ever, until none is left. And `begin` is not waited for: it goes to the server together with the
 * transaction's first statement, which saves a round trip (docs/adr/0018).
 */
export class OurPostgresDialect extends PostgresDialect {
  constructor(private readonly config: PostgresDialectConfig) {
    super(config);
  }

  override createDriver(): PostgresDriver {
    return new OurDriver(this.config);
  }
}

class OurDriver extends PostgresDriver {
  private readonly begun = new WeakMap<DatabaseConnection, Promise<unknown>>();

  override beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    if (settings.isolationLevel || settings.accessMode) return super.beginTransaction(connection, settings);
    const begun = connection.executeQuery(CompiledQuery.raw('begin'));
    // Asked again before the commit; until then a failure must not count as nobody's.
    begun.catch(() => undefined);
    this.begun.set(connection, begun);
    return Promise.resolve();
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await this.begun.get(connection);
    await super.commitTransaction(connection);
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection);
    } catch {
      // `rollback` fails only where the connection is gone, and the transaction with it. The pool destroys what it gets back.
    }
  }
}
