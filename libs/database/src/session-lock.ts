import pg from 'pg';

/** A lock that at most one process of the cluster holds, kept as long as its own connection lives. */
export interface SessionLock {
  /** Whether this process holds it now; takes it when it is free. */
  held(): Promise<boolean>;
  release(): Promise<void>;
}

/** Locks that are shared with others. */
export interface SharedLocks {
  /** Aborted when the connection breaks: the locks are gone, and the work must stop. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Shares locks with others on a connection of its own, without a transaction: for work that asks somebody outside of the database. Waits
 * while somebody has one of them alone.
 */
export async function sharedLocks(connectionString: string, names: readonly string[]): Promise<SharedLocks> {
  const client = new pg.Client({ connectionString, keepAlive: true });
  const lost = new AbortController();
  const abort = () => lost.abort(new Error('The connection that held the locks is lost'));
  client.on('error', abort);
  client.on('end', abort);
  try {
    await client.connect();
    for (const name of names)
      await client.query('select pg_advisory_lock_shared(hashtextextended($1, 0))', [name]);
  } catch (error) {
    await client.end();
    throw error;
  }
  return { lost: lost.signal, release: () => client.end() };
}

/** A Postgres session-level advisory lock: a process that dies loses it with its connection. */
export function sessionLock(connectionString: string, name: string): SessionLock {
  let client: pg.Client | undefined;
  const drop = async (): Promise<void> => {
    const dropped = client;
    client = undefined;
    await dropped?.end().catch(() => undefined);
  };
  return {
    held: async () => {
      if (client) return true;
      const candidate = new pg.Client({ connectionString, keepAlive: true });
      // A broken connection means that the lock is gone; the next `held` takes it anew.
      candidate.on('error', () => void drop());
      candidate.on('end', () => {
        if (client === candidate) client = undefined;
      });
      await candidate.connect();
      const { rows } = await candidate.query<{ taken: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
        [name],
      );
      if (rows[0]?.taken) {
        client = candidate;
        return true;
      }
      await candidate.end();
      return false;
    },
    release: drop,
  };
}
