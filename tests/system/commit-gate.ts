import pg from 'pg';

/** A commit that is about to make these true: an event's type, and the operation that it names, if it names one. */
export type Commit = `${string}/${string}`;

export interface CommitGate {
  /** Makes transactions with such an event stand still at their commit. */
  close(commits: readonly Commit[]): Promise<void>;
  /** How many stand still at this moment. */
  waiting(): Promise<number>;
  /** Ends transactions that stand still, as a server does that has noticed that its client is gone. */
  end(commits: readonly Commit[]): Promise<void>;
  /** What stands still is committed. */
  open(): Promise<void>;
  stop(): Promise<void>;
}

const SPACE = 20_260_729;

/**
 * Lets a test stop a service exactly where it commits a fact: by a deferred trigger and a lock that the test holds, so that nothing of it is in
 * the service.
 */
export async function commitGate(adminUrl: string, database: string): Promise<CommitGate> {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`
    create function lock_of_commit(type text, operation text) returns int immutable language sql
      as $$ select abs(hashtext(type || '/' || coalesce(operation, ''))) $$;
    create function stand_still() returns trigger language plpgsql security definer as $$
    begin
      perform pg_advisory_xact_lock_shared(${SPACE}, public.lock_of_commit(new.type, new.payload ->> 'operation'));
      return null;
    end $$;
    create constraint trigger stand_still after insert on event deferrable initially deferred
      for each row execute function stand_still();`);
  const ofCommits =
    'select lock_of_commit(split_part(one, $$/$$, 1), split_part(one, $$/$$, 2)) from unnest($1::text[]) one';
  const standing = `locktype = 'advisory' and classid = ${SPACE} and not granted`;
  return {
    close: async (commits) => {
      await client.query(`select pg_advisory_lock(${SPACE}, lock) from (${ofCommits}) as l (lock)`, [
        commits,
      ]);
    },
    waiting: async () => {
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::int as count from pg_locks where ${standing}`,
      );
      return rows[0]?.count ?? 0;
    },
    end: async (commits) => {
      await client.query(
        `select pg_terminate_backend(pid) from pg_locks where ${standing} and objid::bigint in (${ofCommits})`,
        [commits],
      );
    },
    open: async () => {
      await client.query('select pg_advisory_unlock_all()');
    },
    stop: () => client.end(),
  };
}
