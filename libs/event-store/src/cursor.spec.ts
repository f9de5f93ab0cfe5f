import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, one, type Sql } from '@vouchsafe/database';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { vaultMigrations } from '@vouchsafe/vault';
import { eventStoreMigrations, progressOf, readNextPage } from './index.js';

/** One reader's way of asking for what is new; the trial finds out what each way loses or turns round. */
interface Reader {
  next(sql: Sql): Promise<{ position: string; stream: string; version: number }[]>;
}

const organization = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';
const WRITERS = 16;
const STREAMS = 4;
const ROUNDS = 40;

/** The three ways that look right and are not: each is planted here, and the trial must catch it. */
const losers: Record<string, () => Reader> = {
  "'position >'": () => {
    let last = '0';
    return {
      next: async (sql) => {
        const rows = await sql.query<Seen>(
          'select position, stream, version from event where position > $1 order by position',
          [last],
        );
        last = rows.at(-1)?.position ?? last;
        return rows;
      },
    };
  },
  "'position > and horizon'": () => {
    let last = '0';
    return {
      next: async (sql) => {
        const rows = await sql.query<Seen>(
          `select position, stream, version from event
           where position > $1 and transaction_id < pg_snapshot_xmin(pg_current_snapshot()) order by position`,
          [last],
        );
        last = rows.at(-1)?.position ?? last;
        return rows;
      },
    };
  },
  "'(transaction, position) and horizon'": () => {
    let last = { transaction_id: '0', position: '0' };
    return {
      next: async (sql) => {
        const rows = await sql.query<Seen & { transaction_id: string }>(
          `select position, stream, version, transaction_id from event
           where (transaction_id, position) > ($1::xid8, $2::bigint)
             and transaction_id < pg_snapshot_xmin(pg_current_snapshot())
           order by transaction_id, position`,
          [last.transaction_id, last.position],
        );
        last = rows.at(-1) ?? last;
        return rows;
      },
    };
  },
};

interface Seen {
  position: string;
  stream: string;
  version: number;
}

describe('the cursor', () => {
  let postgres: TestPostgres;
  let database: Database;
  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgres.database('trial', [...vaultMigrations, ...eventStoreMigrations], {
      poolSize: WRITERS + 4,
    });
  });
  afterAll(() => postgres.stop());

  it('loses nothing, gives nothing twice and keeps every stream in order, beside a long transaction', async () => {
    const written = new Set<string>();
    const open = holdTransactionOpen(database);
    const seen = await trial(
      database,
      () => ({ next: (sql) => readNextPage(sql, 'trial', 7) }),
      written,
      'snapshot',
    );
    await open.end();
    expect(judge(seen, written)).toEqual({ lost: 0, doubled: 0, turnedRound: 0 });
    expect(await database.asWorker((sql) => progressOf(sql, 'trial'))).toMatchObject({ lagSeconds: 0 });
  });

  it.each(Object.keys(losers))('the trial catches what %s does wrong', async (name) => {
    const verdicts = [];
    // The losers depend on timing; each gets a few chances to show its fault.
    for (let chance = 0; chance < 5; chance += 1) {
      const written = new Set<string>();
      const seen = await trial(
        database,
        losers[name] as () => Reader,
        written,
        `loser-${name.length}-${chance}`,
      );
      const verdict = judge(seen, written);
      verdicts.push(verdict.lost + verdict.doubled + verdict.turnedRound);
      if (verdicts.some((faults) => faults > 0)) break;
    }
    expect(Math.max(...verdicts)).toBeGreaterThan(0);
  });

  it('says how old the oldest unread event is', async () => {
    await database.asWorker((sql) => insertEvent(sql, 'lagging', 1));
    const progress = await database.asWorker((sql) => progressOf(sql, 'never-read'));
    expect(progress.lagSeconds).toBeGreaterThan(0);
  });
});

/**
 * Writers take their place early, append late, to several streams, and roll back at times; the reader reads all the
 * while and once more when they are done.
 */
async function trial(
  database: Database,
  makeReader: () => Reader,
  written: Set<string>,
  prefix: string,
): Promise<Seen[]> {
  const reader = makeReader();
  const seen: Seen[] = [];
  const writers = { busy: true };
  const reading = (async () => {
    while (writers.busy) seen.push(...(await database.asWorker((sql) => reader.next(sql))));
    for (;;) {
      const rest = await database.asWorker((sql) => reader.next(sql));
      if (rest.length === 0) break;
      seen.push(...rest);
    }
  })();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let round = 0; round < ROUNDS; round += 1)
        await writeOnce(database, `${prefix}-${(writer + round) % STREAMS}`, written);
    }),
  );
  writers.busy = false;
  await reading;
  return seen.filter(({ stream }) => stream.startsWith(`${prefix}-`));
}

async function writeOnce(database: Database, stream: string, written: Set<string>): Promise<void> {
  try {
    const appended = await database.asWorker(async (sql) => {
      await sql.query('select pg_current_xact_id()');
      await pause(Math.random() * 3);
      // The stream's own lock, so that its versions follow one another as a decider's appends do.
      await sql.query('select pg_advisory_xact_lock(hashtext($1))', [stream]);
      const { version } = await one<{ version: number }>(
        sql,
        'select coalesce(max(version), 0) + 1 as version from event where stream = $1',
        [stream],
      );
      await insertEvent(sql, stream, version);
      if (Math.random() < 0.3) await pause(Math.random() * 4);
      if (Math.random() < 0.1) throw new RollBack();
      return `${stream}/${version}`;
    });
    written.add(appended);
  } catch (error) {
    if (!(error instanceof RollBack)) throw error;
  }
}

class RollBack extends Error {}

function insertEvent(sql: Sql, stream: string, version: number): Promise<object[]> {
  return sql.query(
    `insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
     values ($1, $2, $3, 'tried', 1, '{}', '{}')`,
    [organization, stream, version],
  );
}

function judge(seen: readonly Seen[], written: ReadonlySet<string>) {
  const names = seen.map(({ stream, version }) => `${stream}/${version}`);
  const distinct = new Set(names);
  const last = new Map<string, number>();
  let turnedRound = 0;
  for (const { stream, version } of seen) {
    if (version < (last.get(stream) ?? 0)) turnedRound += 1;
    last.set(stream, Math.max(version, last.get(stream) ?? 0));
  }
  const lost = [...written].filter((name) => !distinct.has(name)).length;
  return { lost, doubled: names.length - distinct.size, turnedRound };
}

function holdTransactionOpen(database: Database): { end: () => Promise<void> } {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const held = database.asWorker(async (sql) => {
    await sql.query('select pg_current_xact_id()');
    await finished;
  });
  return {
    end: async () => {
      finish();
      await held;
    },
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
