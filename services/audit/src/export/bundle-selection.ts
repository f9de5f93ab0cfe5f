import { instant, type Sql } from '@vouchsafe/database';
import { TILE_WIDTH } from '@vouchsafe/transparency-log';
import type { Vault } from '@vouchsafe/vault';
import {
  type EntryFilter,
  pageStatement,
  type Span,
  spanOf,
  wordMatches,
  type WordMatches,
} from '../entry/entry-search.js';
import type { IndexRange } from '../log/expired-ranges.js';
import { microseconds } from '../log/instant.js';
import { searchKeys } from '../log/search-keys.js';

/** Which entries of an organization a bundle holds. */
export interface Selection {
  readonly filter: EntryFilter;
  readonly keys: Awaited<ReturnType<typeof searchKeys>>;
  readonly span: Span;
  readonly words: WordMatches;
}

const noKeys = (): never => {
  throw new Error('No search by a keyed hash is possible here');
};

/** Entries of a log that are gone at the end of their retention, from the first to the last that the time asked for concerns. */
export interface Expired {
  readonly range: IndexRange;
  readonly recorded: { readonly first: string; readonly last: string };
}

/**
 * What is gone of the time that is asked for, by log. Of a single entry no time is left, only the times between which those lay that went
 * together.
 */
export async function expiredIn(
  sql: Sql,
  organizationId: string,
  { from, to }: EntryFilter,
): Promise<ReadonlyMap<string, Expired>> {
  const rows = await sql.query<{
    log_id: string;
    first: string;
    last: string;
    first_recorded_at: string;
    last_recorded_at: string;
  }>(
    `select log_id, min(first) as first, max(last) as last,
       min(first_recorded_at) as first_recorded_at, max(last_recorded_at) as last_recorded_at
     from expired_range
     where log_id in (select log_id from log where organization_id = $1)
       and (last_occurred_at >= $2::timestamptz and first_occurred_at < $3::timestamptz
         or last_recorded_at >= $2::timestamptz and first_recorded_at < $3::timestamptz)
     group by log_id`,
    [organizationId, from && microseconds(from), to && microseconds(to)],
  );
  return new Map(
    rows.map((row) => [
      row.log_id,
      {
        range: [Number(row.first), Number(row.last)],
        recorded: { first: row.first_recorded_at, last: row.last_recorded_at },
      },
    ]),
  );
}

export async function wholeRange(
  sql: Sql,
  organizationId: string,
  { from, to }: EntryFilter,
  expired: ReadonlyMap<string, Expired>,
): Promise<Selection | null> {
  const span = await spanOf(sql, organizationId, { from, to });
  const [row] = await sql.query<{ first: string | null; last: string | null }>(
    `select min(recorded_at) as first, max(recorded_at) as last from (
       select recorded_at from entry
       where organization_id = $1 and recorded_at >= $4::timestamptz and recorded_at <= $5::timestamptz
         and occurred_at >= $2::timestamptz and occurred_at < $3::timestamptz
       union all
       (select recorded_at from entry where organization_id = $1 and recorded_at >= $2::timestamptz and recorded_at < $3::timestamptz
        order by recorded_at limit 1)
       union all
       (select recorded_at from entry where organization_id = $1 and recorded_at >= $2::timestamptz and recorded_at < $3::timestamptz
        order by recorded_at desc limit 1)
       union all
       -- Between what is gone and what is there nothing is left out.
       select unnest($6::timestamptz[])) as touched`,
    [
      organizationId,
      from && microseconds(from),
      to && microseconds(to),
      span === 'empty' ? 'infinity' : span?.first,
      span === 'empty' ? '-infinity' : span?.last,
      [...expired.values()].flatMap(({ recorded: { first, last } }) => [first, last]),
    ],
  );
  return row?.first != null && row.last != null
    ? { filter: {}, keys: noKeys, span: { first: row.first, last: row.last }, words: null }
    : null;
}

export async function matching(
  sql: Sql,
  vault: Vault,
  organizationId: string,
  filter: EntryFilter,
): Promise<Selection | null> {
  const span = await spanOf(sql, organizationId, filter);
  const words = await wordMatches(sql, filter.q);
  if (span === 'empty' || words === 'none') return null;
  return { filter, keys: await searchKeys(vault, sql, organizationId), span, words };
}

/**
 * When a bundle is made, and until when all that was recorded is under the checkpoints: until then, or until the first entry
 * behind one. Writers hold their log's head until commit and ask for the time behind it, so nothing earlier comes later.
 */
export async function coverage(
  sql: Sql,
  organizationId: string,
  sizes: ReadonlyMap<string, { readonly size: number }>,
  now: () => Date,
): Promise<{ createdAt: string; coveredUntil: string }> {
  await sql.query('select 1 from log where organization_id = $1 order by log_id for share', [organizationId]);
  const createdAt = now().toISOString();
  const [row] = await sql.query<{ first: string | null }>(
    `select min(e.recorded_at) as first from log l
     left join unnest($2::uuid[], $3::bigint[]) as signed (log_id, size) on signed.log_id = l.log_id
     cross join lateral (
       select min(b.first_recorded_at) as recorded_at from entry_bundle b
       where b.log_id = l.log_id and b.number >= coalesce(signed.size, 0) / ${TILE_WIDTH}) as behind
     join entry e on e.organization_id = $1 and e.log_id = l.log_id
       and e.recorded_at >= behind.recorded_at and e.index >= coalesce(signed.size, 0)
     where l.organization_id = $1 and l.size > coalesce(signed.size, 0)`,
    [organizationId, [...sizes.keys()], [...sizes.values()].map(({ size }) => size)],
  );
  const uncovered = row?.first == null ? createdAt : instant(row.first).toISOString();
  return { createdAt, coveredUntil: uncovered < createdAt ? uncovered : createdAt };
}

export interface Counted {
  readonly total: number;
  /** When the first and the last of them were recorded; null where there are none. */
  readonly recorded: { readonly first: Date; readonly last: Date } | null;
  /** First and last index, by log. */
  readonly indices: ReadonlyMap<string, IndexRange>;
}

/** Of the entries under the checkpoints: what is younger is not in the bundle. */
export async function countOf(
  sql: Sql,
  organizationId: string,
  selection: Selection | null,
  sizes: ReadonlyMap<string, { readonly size: number }>,
): Promise<Counted> {
  if (!selection) return { total: 0, recorded: null, indices: new Map() };
  const { text, values } = pageStatement(
    { organizationId, ...selection, order: 'oldest', limit: 2 ** 31 - 1, after: null },
    selection.span,
    selection.words,
  );
  const rows = await sql.query<{
    log_id: string;
    total: string;
    first: string;
    last: string;
    first_index: string;
    last_index: string;
  }>(
    `select log_id, count(*) as total, min(recorded_at) as first, max(recorded_at) as last,
       min(selected.index) as first_index, max(selected.index) as last_index
     from (${text.replace('log_id, index, recorded_at, disclosable, leaf', 'log_id, recorded_at, index')}) as selected
     join unnest($${values.length + 1}::uuid[], $${values.length + 2}::bigint[]) as signed (log_id, size) using (log_id)
     where selected.index < signed.size
     group by log_id`,
    [...values, [...sizes.keys()], [...sizes.values()].map(({ size }) => size)],
  );
  const times = rows.flatMap(({ first, last }) => [instant(first), instant(last)]);
  times.sort((a, b) => a.getTime() - b.getTime());
  const [first, last] = [times[0], times.at(-1)];
  return {
    total: rows.reduce((sum, { total }) => sum + Number(total), 0),
    recorded: first && last ? { first, last } : null,
    indices: new Map(
      rows.map((row): [string, IndexRange] => [
        row.log_id,
        [Number(row.first_index), Number(row.last_index)],
      ]),
    ),
  };
}
