import { instant, type Sql } from '@vouchsafe/database';
import { type NewEntry, observedBy } from '../log/entry.js';
import { storedNames } from '../stored-names.js';
import type { LogRange, RemovedEntries } from './remove-entries.js';
import { recordedBefore } from './retention-period.js';

/** Whose entries are looked after, and for how many months they are kept. */
export interface Retention {
  readonly organizationId: string;
  readonly purpose: string;
  readonly months: number;
}

/** Entries of one organization on their way out; a run that was stopped goes on where it ended. */
export interface RetentionRun extends Retention {
  readonly runId: string;
  readonly recordedBefore: Date;
  readonly begunAt: Date;
  readonly goneUntil: string | null;
  readonly entries: number;
  readonly disclosures: number;
  readonly submissions: number;
}

interface RunRow {
  readonly run_id: string;
  readonly organization_id: string;
  readonly purpose: string;
  readonly months: number;
  readonly recorded_before: string;
  readonly begun_at: string;
  readonly gone_until: string;
  readonly entries: string;
  readonly disclosures: string;
  readonly submissions: string;
}

/** The run that is not finished, or a new one; undefined where nothing has to go. */
export async function runOf(
  sql: Sql,
  retention: Retention,
  at: Date,
  newId: () => string,
): Promise<RetentionRun | undefined> {
  const { organizationId, purpose, months } = retention;
  const [unfinished] = await sql.query<RunRow>(
    'select * from retention_run where organization_id = $1 and purpose = $2 and finished_at is null',
    [organizationId, purpose],
  );
  if (unfinished) return runIn(unfinished);
  const before = recordedBefore(at, months);
  if (!(await hasExpiredEntries(sql, organizationId, before))) return undefined;
  const [begun] = await sql.query<RunRow>(
    `insert into retention_run (run_id, organization_id, purpose, months, recorded_before, begun_at)
     values ($1, $2, $3, $4, $5, $6) returning *`,
    [newId(), organizationId, purpose, months, before, at],
  );
  return begun && runIn(begun);
}

/** Entries of runs alone begin none: or each run would be the cause of another one a period later, without end. */
async function hasExpiredEntries(sql: Sql, organizationId: string, before: Date): Promise<boolean> {
  const found = await sql.query(
    'select from entry where organization_id = $1 and recorded_at < $2 and operation <> $3 limit 1',
    [organizationId, before, storedNames.retentionRun],
  );
  return found.length > 0;
}

/** What a run of now would remove. */
export async function countExpired(sql: Sql, organizationId: string, before: Date): Promise<number> {
  if (!(await hasExpiredEntries(sql, organizationId, before))) return 0;
  const [found] = await sql.query<{ entries: string }>(
    'select count(*) as entries from entry where organization_id = $1 and recorded_at < $2',
    [organizationId, before],
  );
  return Number(found?.entries);
}

/** Notes, in the transaction that removed them, which entries are gone. As `retention`. */
export async function noteRemoved(sql: Sql, run: RetentionRun, removed: RemovedEntries): Promise<void> {
  for (const { logId, first, last, recorded, occurred } of removed.ranges)
    await sql.query(
      `insert into expired_range (organization_id, log_id, first, last, first_recorded_at, last_recorded_at,
         first_occurred_at, last_occurred_at, run_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [run.organizationId, logId, first, last, ...recorded, ...occurred, run.runId],
    );
  await sql.query(
    `update retention_run set gone_until = coalesce($2, gone_until), entries = entries + $3,
       disclosures = disclosures + $4, submissions = submissions + $5 where run_id = $1`,
    [run.runId, removed.goneUntil, removed.entries, removed.disclosures, removed.submissions],
  );
}

/** @returns the entry that the log gets of the run; undefined where somebody else has finished it */
export async function finishRun(sql: Sql, { runId }: RetentionRun, at: Date): Promise<NewEntry | undefined> {
  const [row] = await sql.query<RunRow>(
    'update retention_run set finished_at = $2 where run_id = $1 and finished_at is null returning *',
    [runId, at],
  );
  if (!row) return undefined;
  const ranges = await sql.query<{ log_id: string; first: string; last: string }>(
    `with numbered as (
       select *, sum(last - first + 1) over (partition by log_id order by first) - last as island from expired_range where run_id = $1)
     select log_id, min(first) as first, max(last) as last from numbered group by log_id, island order by log_id, first`,
    [runId],
  );
  return entryOfRun(
    runIn(row),
    ranges.map(({ log_id: logId, first, last }) => ({ logId, first: Number(first), last: Number(last) })),
    at,
  );
}

/** A leaf has 65,535 bytes: of more ranges than these the entry says how many there are. */
const MOST_RANGES = 500;

function entryOfRun(run: RetentionRun, ranges: readonly LogRange[], at: Date): NewEntry {
  const { organizationId, runId, purpose, months, entries, disclosures, submissions } = run;
  return {
    organizationId,
    ...observedBy('audit'),
    id: null,
    occurredAt: at.toISOString(),
    actor: { type: 'service', id: 'audit' },
    operation: storedNames.retentionRun,
    entity: { type: storedNames.retention, id: runId },
    outcome: 'success',
    ...{ sourceIp: null, url: null, userAgent: null, requestId: null },
    details: {
      ...{ purpose, months, recordedBefore: run.recordedBefore.toISOString() },
      ...{ entries, disclosures, submissions, ranges: ranges.length },
      expired: ranges.slice(0, MOST_RANGES).map((range) => ({ ...range })),
    },
    clear: new Set(['actor.id', 'entity.id', 'details']),
    subject: null,
  };
}

function runIn(row: RunRow): RetentionRun {
  return {
    runId: row.run_id,
    organizationId: row.organization_id,
    purpose: row.purpose,
    months: row.months,
    recordedBefore: instant(row.recorded_before),
    begunAt: instant(row.begun_at),
    goneUntil: row.gone_until === '-infinity' ? null : row.gone_until,
    entries: Number(row.entries),
    disclosures: Number(row.disclosures),
    submissions: Number(row.submissions),
  };
}
