/** @promise P04 removes entries, and leaves their hashes in the tiles */
import type { Sql } from '@vouchsafe/database';

/** Entries of one transaction. */
export const BATCH = 5_000;

export interface WhichEntries {
  readonly organizationId: string;
  /** Where the batch before ended; null for the first. */
  readonly goneUntil: string | null;
  /** Only what was recorded before. */
  readonly before: Date | 'infinity';
  /** As many as these at most. */
  readonly limit: number;
}

export interface RemovedEntries {
  /** Where this batch ended: everything up to here is gone. Null where there was nothing. */
  readonly goneUntil: string | null;
  readonly entries: number;
  readonly disclosures: number;
  readonly submissions: number;
  readonly ranges: readonly RemovedRange[];
}

export interface LogRange {
  readonly logId: string;
  readonly first: number;
  readonly last: number;
}

/** Entries without a gap between them, and the times between which they lay. */
export interface RemovedRange extends LogRange {
  readonly recorded: readonly [first: string, last: string];
  readonly occurred: readonly [first: string, last: string];
}

/**
 * Removes the oldest entries of an organization, with their disclosures and what is known of how they were sent: one batch, in the order
 * of the log. Tiles and checkpoints stay as they are, and so does every proof.
 */
export async function removeEntries(sql: Sql, which: WhichEntries): Promise<RemovedEntries> {
  const { organizationId } = which;
  const [end] = await sql.query<{ recorded_at: string; index: string; from: string }>(batchEnd, [
    organizationId,
    which.goneUntil ?? '-infinity',
    which.before,
    which.limit,
  ]);
  if (!end) return { goneUntil: null, entries: 0, disclosures: 0, submissions: 0, ranges: [] };
  const rows = await sql.query<RangeRow>(deleteEntries, [
    ...[organizationId, end.from, end.recorded_at, end.index],
  ]);
  const ranges = rows.map((row): RemovedRange => ({
    ...{ logId: row.log_id, first: Number(row.first), last: Number(row.last) },
    recorded: [row.first_recorded_at, row.last_recorded_at],
    occurred: [row.first_occurred_at, row.last_occurred_at],
  }));
  const of = [
    ranges.map(({ logId }) => logId),
    ranges.map(({ first }) => first),
    ranges.map(({ last }) => last),
  ];
  const disclosures = await sql.query(deleteDisclosures, [organizationId, ...of, end.from, end.recorded_at]);
  const submissions = await sql.query(deleteSubmissions, [organizationId, ...of]);
  return {
    goneUntil: end.recorded_at,
    entries: ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0),
    ...{ disclosures: countIn(disclosures), submissions: countIn(submissions), ranges },
  };
}

/** From where the last batch ended, so that what is dead already is not passed again and again until the vacuum comes. */
const batchEnd = `select recorded_at, index, min(recorded_at) over () as from from (
    select recorded_at, index from entry
    where organization_id = $1 and recorded_at >= $2::timestamptz and recorded_at < $3::timestamptz
    order by recorded_at, index limit $4) as batch
  order by recorded_at desc, index desc limit 1`;

const deleteEntries = `with gone as (
    delete from entry
    where organization_id = $1 and recorded_at >= $2::timestamptz and recorded_at <= $3::timestamptz
      and (recorded_at, index) <= ($3::timestamptz, $4::bigint)
    returning log_id, index, recorded_at, occurred_at),
  numbered as (
    select *, index - row_number() over (partition by log_id order by index) as island from gone)
  select log_id, min(index) as first, max(index) as last,
    min(recorded_at) as first_recorded_at, max(recorded_at) as last_recorded_at,
    min(occurred_at) as first_occurred_at, max(occurred_at) as last_occurred_at
  from numbered group by log_id, island order by log_id, first`;

interface RangeRow {
  readonly log_id: string;
  readonly first: string;
  readonly last: string;
  readonly first_recorded_at: string;
  readonly last_recorded_at: string;
  readonly first_occurred_at: string;
  readonly last_occurred_at: string;
}

const ranges = `unnest($2::uuid[], $3::bigint[], $4::bigint[]) as gone (log_id, first, last)`;

const deleteDisclosures = `with gone as (
    delete from disclosure d using ${ranges}
    where d.organization_id = $1 and d.recorded_at >= $5::timestamptz and d.recorded_at <= $6::timestamptz
      and d.log_id = gone.log_id and d.index between gone.first and gone.last
    returning 1)
  select count(*) as gone from gone`;

const deleteSubmissions = `with gone as (
    delete from submission s using ${ranges}
    where s.organization_id = $1 and s.log_id = gone.log_id and s.index between gone.first and gone.last
    returning 1)
  select count(*) as gone from gone`;

function countIn(rows: readonly object[]): number {
  return Number((rows[0] as { readonly gone: string } | undefined)?.gone ?? 0);
}
