import type { Sql } from '@vouchsafe/database';
import type { EntryLocation } from './entry-location.js';

/** First and last index, both included. */
export type IndexRange = readonly [first: number, last: number];

/** Indices of a log, from `first` to `last`, whose leaves are gone at the end of their retention (P04); in ascending order. */
export async function expiredRanges(
  sql: Sql,
  logId: string,
  [first, last]: IndexRange,
): Promise<IndexRange[]> {
  const rows = await sql.query<{ first: string; last: string }>(
    'select first, last from expired_range where log_id = $1 and last >= $2 and first <= $3 order by first',
    [logId, first, last],
  );
  const merged: [number, number][] = [];
  for (const row of rows) {
    const [from, to] = [Math.max(Number(row.first), first), Math.min(Number(row.last), last)];
    const before = merged.at(-1);
    if (before && before[1] + 1 === from) before[1] = to;
    else merged.push([from, to]);
  }
  return merged;
}

export async function hasExpired(sql: Sql, { logId, index }: EntryLocation): Promise<boolean> {
  return (await expiredRanges(sql, logId, [index, index])).length > 0;
}
