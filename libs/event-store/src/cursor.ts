import { prepared, type Sql } from '@vouchsafe/database';
import { eventColumns, type EventRow } from './recorded-event.js';

/** All transactions come after this snapshot (3 is the first ordinary transaction id). */
const BEGINNING = '3:3:';

/** What became visible between two snapshots, given as SQL, as a condition on `event`. */
function inWindow(from: string, to: string): string {
  return `(transaction_id >= pg_snapshot_xmax(${from}) or transaction_id = any (array(select pg_snapshot_xip(${from}))))
  and transaction_id < pg_snapshot_xmax(${to}) and pg_visible_in_snapshot(transaction_id, ${to})`;
}

interface CursorRow {
  readonly previous: string;
  readonly current: string;
  readonly position: string;
}

/**
 * Reads the next page of events behind a named cursor and moves it, in the caller's transaction: what the caller does
 * with the events and the cursor's move become durable together, or not at all.
 *
 * A cursor is a Postgres snapshot, not a position: identity numbers are taken before commit, so 'position > last' loses
 * what commits late, and waiting for the oldest open transaction stalls behind it and still turns streams round
 * (cursor.spec.ts keeps those losers as planted failures). Use it on the primary only: a standby's snapshot does not
 * list the primary's open transactions.
 * @returns at most `limit` events, each exactly once, every stream in order; none when the reader has caught up
 */
export async function readNextPage(sql: Sql, name: string, limit: number): Promise<EventRow[]> {
  const cursor = await lock(sql, name);
  const page = await readWindow(sql, cursor, limit);
  if (page.length > 0) {
    await moveTo(sql, name, cursor, page, limit);
    return page;
  }
  const next = await nextWindow(sql, cursor);
  if (!next) return [];
  const first = await readWindow(sql, next, limit);
  await moveTo(sql, name, next, first, limit);
  return first;
}

/** The cursor's row, made where it is missing, locked: one reader at a time. */
async function lock(sql: Sql, name: string): Promise<CursorRow> {
  const select = prepared(
    'select previous::text, current::text, position from cursor where name = $1 for update',
  );
  const [known] = await sql.query<CursorRow>(select, [name]);
  if (known) return known;
  await sql.query(
    'insert into cursor (name, previous, current, position) values ($1, $2, $2, 0) on conflict do nothing',
    [name, BEGINNING],
  );
  const [made] = await sql.query<CursorRow>(select, [name]);
  if (!made) throw new Error(`Cursor ${name} could not be made`);
  return made;
}

function readWindow(
  sql: Sql,
  { previous, current, position }: CursorRow,
  limit: number,
): Promise<EventRow[]> {
  if (previous === current) return Promise.resolve([]);
  return sql.query<EventRow>(
    `select ${eventColumns} from event where ${inWindow('$1', '$2')} and position > $3 order by position limit $4`,
    [previous, current, position, limit],
  );
}

/**
 * The window is used up: its end becomes the next one's beginning. The lowest position of the new window is looked up
 * once by the index on (transaction_id, position); without it, a backlog's first page would scan from the beginning.
 * @returns nothing when the new window is empty: an idle reader writes nothing, and its next window covers this one
 */
async function nextWindow(sql: Sql, { current }: CursorRow): Promise<CursorRow | undefined> {
  const [found] = await sql.query<{ now: string; lowest: string | null }>(
    // 'offset 0' keeps the planner from walking the primary key for the minimum.
    `select pg_current_snapshot()::text as now, min(position) as lowest
     from (select position from event where ${inWindow('$1', 'pg_current_snapshot()')} offset 0) as visible`,
    [current],
  );
  if (!found?.lowest) return undefined;
  return { previous: current, current: found.now, position: String(BigInt(found.lowest) - 1n) };
}

/** A page that is not full was the window's last one. */
async function moveTo(
  sql: Sql,
  name: string,
  { previous, current, position }: CursorRow,
  page: readonly EventRow[],
  limit: number,
): Promise<void> {
  await sql.query(prepared('update cursor set previous = $2, current = $3, position = $4 where name = $1'), [
    name,
    page.length < limit ? current : previous,
    current,
    page.at(-1)?.position ?? position,
  ]);
}

/** How far a reader is: its position, and the age of the oldest event that it has not read (0 when it has caught up). */
export async function progressOf(sql: Sql, name: string): Promise<{ position: bigint; lagSeconds: number }> {
  const [cursor] = await sql.query<CursorRow>(
    'select previous::text, current::text, position from cursor where name = $1',
    [name],
  );
  const { previous, current, position } = cursor ?? {
    previous: BEGINNING,
    current: BEGINNING,
    position: '0',
  };
  const [unread] = await sql.query<{ lag: number | null }>(
    `select extract(epoch from clock_timestamp() - min(recorded_at))::float8 as lag from (
       select recorded_at from event where ${inWindow('$1', '$2')} and position > $3
       union all
       select recorded_at from event
       where transaction_id >= pg_snapshot_xmax($2) or transaction_id = any (array(select pg_snapshot_xip($2)))
     ) as unread`,
    [previous, current, position],
  );
  return { position: BigInt(position), lagSeconds: Math.max(0, unread?.lag ?? 0) };
}
