import type { Duplex } from 'node:stream';
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
  const pool = new pg.Pool({
    connectionString,
    max,
    types: timesAsText(),
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

/** Microseconds are kept: the driver would make `Date`s of times, which have milliseconds. */
function timesAsText(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  for (const oid of TIMES) types.setTypeParser(oid, (text) => text);
  for (const oid of TIME_ARRAYS) types.setTypeParser(oid, (text) => array.parse(text));
  return types;
}

/** Of pg_type.dat: date, timestamp, timestamptz and interval; and an array of each. MikroORM expects the same ones as text. */
export const TIMES = [1082, 1114, 1184, 1186];
export const TIME_ARRAYS = [1182, 1115, 1185, 1187];

/** The driver's types leave it out. */
function streamOf(client: pg.PoolClient): Duplex {
  return (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream;
}
