/** @promise P04 a run that is killed at any statement goes on, and is recorded once */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Database, Transaction } from '@vouchsafe/database';
import { openLeaf } from '@vouchsafe/transparency-log';
import { Recorder } from '../log/record.js';
import { type AuditDatabase, auditDatabase, entry, naming } from '../testing/audit-database.js';
import { FollowRetention } from './follow-retention.js';

const DAY = 86_400_000;
const BATCH = 50;
/** More than one batch. */
const OLD = 70;
const YOUNG = 40;

let audit: AuditDatabase;
beforeAll(async () => {
  audit = await auditDatabase();
});
afterAll(() => audit.stop());

const recorder = () => new Recorder(audit.vault, audit.clock, naming);

function retention(database: Database): FollowRetention {
  return new FollowRetention(
    ...([database, recorder(), audit.clock, { newId: () => randomUUID() }] as const),
    { VOUCHSAFE_AUDIT_RETENTION_MONTHS: 12 },
    { error: () => undefined },
  );
}

/** A log with entries that have expired, and younger ones. */
async function organization(): Promise<string> {
  const organizationId = randomUUID();
  const today = audit.clock.time;
  const record = (count: number, first: number) =>
    audit.database.asWorker((sql) =>
      recorder().record(
        sql,
        Array.from({ length: count }, (_, i) =>
          entry({ organizationId, id: first + i < 60 ? `${first + i}` : null, details: {}, url: null }),
        ),
      ),
    );
  audit.clock.time = new Date(today.getTime() - 380 * DAY);
  for (let first = 0; first < OLD; first += 35) {
    await record(35, first);
    audit.clock.time = new Date(audit.clock.time.getTime() + 1000);
  }
  audit.clock.time = new Date(today.getTime() - DAY);
  await record(YOUNG, OLD);
  audit.clock.time = today;
  return organizationId;
}

/** A database whose transactions die before the `nth` statement, counted over all of them. */
function mortal(nth: number): { database: Database; survived: () => boolean } {
  let statements = 0;
  const dying =
    (run: Database['asWorker']): Database['asWorker'] =>
    (work) =>
      run((transaction) => {
        const query: Transaction['query'] = async (text, values) => {
          if (statements++ === nth) await transaction.query('select pg_terminate_backend(pg_backend_pid())');
          return transaction.query(text, values);
        };
        return work(Object.assign(Object.create(transaction) as Transaction, { query }));
      });
  const database = Object.assign(Object.create(audit.database) as Database, {
    asWorker: dying((work) => audit.database.asWorker(work)),
    asRetention: dying((work) => audit.database.asRetention(work)),
  });
  return { database, survived: () => statements <= nth };
}

async function workOff(database: Database): Promise<void> {
  while ((await retention(database).step(BATCH)) > 0);
}

it('goes on wherever it was killed: what had to go is gone, what is young is there, and one entry says so', async () => {
  for (let nth = 0; ; nth += 1) {
    const organizationId = await organization();
    const { database, survived } = mortal(nth);
    await workOff(database).catch(() => undefined);
    // Whoever takes it up waits until the one that died has had its minute.
    audit.clock.time = new Date(audit.clock.time.getTime() + 61_000);
    await workOff(audit.database);
    const [left, ranges, runs] = await audit.database.asWorker(async (sql) => [
      await sql.query<{ first: string; rows: string }>(
        `select min(index) as first, count(*) as rows from entry where organization_id = $1 and operation <> 'audit-retention.run'`,
        [organizationId],
      ),
      await sql.query<{ first: string; last: string }>(
        'select first, last from expired_range where organization_id = $1 order by first',
        [organizationId],
      ),
      await sql.query<{ leaf: Buffer }>(
        `select leaf from entry where organization_id = $1 and operation = 'audit-retention.run'`,
        [organizationId],
      ),
    ]);
    expect(left).toEqual([{ first: String(OLD), rows: String(YOUNG) }]);
    expect(ranges).toEqual([
      { first: '0', last: '49' },
      { first: '50', last: String(OLD - 1) },
    ]);
    expect(runs).toHaveLength(1);
    const opened = openLeaf(runs[0]?.leaf ?? Buffer.alloc(0), []);
    if (opened.status !== 'opened') throw new Error(opened.status);
    expect(opened.entry.details).toMatchObject({
      ...{ entries: OLD, disclosures: OLD, submissions: 60, ranges: 1 },
      expired: [{ first: 0, last: OLD - 1 }],
    });
    if (survived()) break;
    expect(nth).toBeLessThan(60);
  }
}, 300_000);

it('that was stopped for long is followed by another at once, for what has expired since it began', async () => {
  const organizationId = await organization();
  // The run has begun, and none of its batches has ended.
  await workOff(mortal(4).database).catch(() => undefined);
  audit.clock.time = new Date(audit.clock.time.getTime() + 366 * DAY);
  await workOff(audit.database);
  const left = await audit.database.asWorker((sql) =>
    sql.query<{ operation: string }>('select operation from entry where organization_id = $1', [
      organizationId,
    ]),
  );
  expect(left.map(({ operation }) => operation)).toEqual(['audit-retention.run', 'audit-retention.run']);
});

it('begins nothing in a log that is young, and none for the entries of runs alone', async () => {
  const organizationId = await organization();
  await workOff(audit.database);
  const runs = async () => {
    const [row] = await audit.database.asWorker((sql) =>
      sql.query<{ runs: string }>('select count(*) as runs from retention_run where organization_id = $1', [
        organizationId,
      ]),
    );
    return Number(row?.runs);
  };
  expect(await runs()).toBe(1);
  const today = audit.clock.time;
  for (const [days, known] of [
    [1, 1],
    [300, 1],
    // The young ones are a year old: their run takes the first run's entry along.
    [366, 2],
    // Only the second run's entry is left.
    [800, 2],
  ] as const) {
    audit.clock.time = new Date(today.getTime() + days * DAY);
    await workOff(audit.database);
    expect([days, await runs()]).toEqual([days, known]);
  }
  audit.clock.time = today;
});
