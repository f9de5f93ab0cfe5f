import type { Duplex } from 'node:stream';
import { createPostgreSqlTypeParsers } from '@mikro-orm/postgresql';
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

/** A role's connections. */
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
    // A statement that stands alone is one write as it is.
    if (!writesAlone) inOneWrite(streamOf(client));
  });
  // The next one to use it must not begin inside of what a failed `rollback` left open: the pool drops one that is ending.
  pool.on('release', (_error, client) => {
    if (client.getTransactionStatus() !== 'I') client.end().catch(() => undefined);
  });
  return pool;
}

/** The driver's types leave it out. */
function streamOf(client: pg.PoolClient): Duplex {
  return (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream;
}
