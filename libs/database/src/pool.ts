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

export interface PoolOptions {
  readonly max: number;
  /** Longest time of one statement; without it there is no bound. */
  readonly statementMs?: number;
  /**
   * Whether a statement outside of a transaction may write. Where it may not, the server itself sees to it, and `begin` need not be
   * waited for: what was sent behind one that failed would be a transaction of its own, and stay.
   */
  readonly writesAlone: boolean;
}

/** A role's connections, for MikroORM and for prepared statements alike. */
export function connectionPool(
  connectionString: string,
  { max, statementMs, writesAlone }: PoolOptions,
): pg.Pool {
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
    ...(writesAlone ? {} : { options: '-c default_transaction_read_only=on' }),
  });
  // A server that goes away shows as an error of whatever runs on the connection, and the pool drops it. Without listeners
  // the same news, told of an idle connection, would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    inOneWrite((client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream);
  });
  // The next one to use it must not begin inside of what a failed `rollback` left open: the pool drops one that is ending.
  pool.on('release', (_error, client) => {
    if (client.getTransactionStatus() !== 'I') client.end().catch(() => undefined);
  });
  return pool;
}

/**
 * Kysely's dialect, with two differences. A transaction whose connection broke gives its place in the pool back: as it comes,
 * Kysely returns a connection only after a rollback that succeeded, and each transaction cut off by a restart of Postgres
 * would hold a place for ever, until none is left. And `begin` is not waited for: it goes to the server together with the
 * transaction's first statement, which saves a round trip (docs/adr/0018).
 * @param config its pool's connections let no statement write outside of a transaction (`writesAlone`)
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
    if (settings.isolationLevel || settings.accessMode)
      return super.beginTransaction(connection, { accessMode: 'read write', ...settings });
    const begun = connection.executeQuery(CompiledQuery.raw('begin read write'));
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
