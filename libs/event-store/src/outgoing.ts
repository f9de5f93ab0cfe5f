import { type Database, prepared, type Sql } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import {
  catalogsOf,
  factsOf,
  isThere,
  type LaneMessage,
  laneMessages,
  type Publishing,
  type RemovedFact,
  sentVersions,
  type Versions,
} from './publishing.js';
import { eventColumns, type EventRow, readRows } from './recorded-event.js';
import { departing, type DepartingMessage, transitKeysFor } from './transit.js';

/** Where published facts come from: the service's events, and how each kind of them leaves. */
export interface OutgoingSource {
  readonly database: Database;
  readonly vault: Vault;
  /** One for each catalog of the service, private ones too: an event type that nobody lists stops the relay. */
  readonly publishing: readonly Publishing[];
}

/** The next facts that wait to be sent, past what `reached` says of lanes that are on their way; see `unacknowledged`. */
export function readWaiting(
  source: OutgoingSource,
  limit: number,
  reached: ReadonlyMap<number, bigint>,
): Promise<(DepartingMessage | RemovedFact)[]> {
  return source.database.asWorker(async (transaction) => {
    const rows = await outgoingRows(transaction, unacknowledgedAfter, [
      limit,
      [...reached.keys()],
      [...reached.values()].map(String),
    ]);
    const transitKeys = await transitKeysFor(transaction, source, rows.filter(hasEvent));
    const messages = await messagesOf(transaction, source, rows, sentVersions);
    return messages.map((message) => (isThere(message) ? departing(message, transitKeys) : message));
  });
}

/**
 * What a consumer with a gap asks for: the facts of one lane from `first` on, from the source's own store, in every version that the
 * code can derive: a retired one, too, and one that did not exist when the fact was numbered.
 */
export function readLane(
  source: OutgoingSource,
  lane: number,
  first: bigint,
  limit: number,
): Promise<(LaneMessage | RemovedFact)[]> {
  return source.database.asWorker(async (transaction) => {
    const rows = await outgoingRows(
      transaction,
      'select * from outgoing where lane = $1 and number >= $2 order by number limit $3',
      [lane, String(first), limit],
    );
    return messagesOf(transaction, source, rows, (versions) => versions);
  });
}

/** The bus has them. The commit does not wait for the disk: what a crash loses is sent again, and consumers drop known numbers. */
export function acknowledge(
  database: Database,
  page: readonly Pick<LaneMessage, 'lane' | 'number'>[],
): Promise<unknown> {
  const lanes = new Map(page.map(({ lane, number: last }) => [lane, last]));
  return database.asWorker((transaction) =>
    transaction.query(
      prepared(`with later as (select set_config('synchronous_commit', 'off', true))
       update lane set acknowledged = greatest(acknowledged, sent.number)
       from later, unnest($1::smallint[], $2::bigint[]) as sent (lane, number) where lane.lane = sent.lane`),
      [[...lanes.keys()], [...lanes.values()].map(String)],
    ),
  );
}

/**
 * The first unacknowledged facts of all lanes, as many of each as of any other: a busy lane's backlog holds up no quiet one.
 * By number, not by position: a lane's order is its numbers' (an event that committed late has a low position and a
 * high number).
 */
export const unacknowledged = dueAfter('lane.acknowledged');

/** The same, past what this relay has sent and not yet acknowledged: $2 and $3 are lanes and their numbers. */
const unacknowledgedAfter = dueAfter(`greatest(lane.acknowledged,
  (select sent.number from unnest($2::smallint[], $3::bigint[]) as sent (lane, number) where sent.lane = lane.lane))`);

function dueAfter(number: string): string {
  return `
  select due.* from lane cross join lateral (
    select * from outgoing
    where outgoing.lane = lane.lane and outgoing.number > ${number}
    order by number
    limit greatest(1, $1::int / (select count(*)::int from lane where acknowledged < last_number))
  ) as due
  where lane.acknowledged < lane.last_number`;
}

interface Numbered {
  readonly lane: number;
  readonly number: string;
  readonly ordinal: number;
  /** A version of the fact; null for what an earlier release numbered, which knew one version of each. */
  readonly contract_type: string | null;
}
type OutgoingRow = Numbered & EventRow;
type RowWithoutEvent = Numbered & { readonly position: null };

function hasEvent(row: OutgoingRow | RowWithoutEvent): row is OutgoingRow {
  return row.position !== null;
}

function outgoingRows(
  sql: Sql,
  due: string,
  values: readonly unknown[],
): Promise<(OutgoingRow | RowWithoutEvent)[]> {
  return sql.query<OutgoingRow | RowWithoutEvent>(
    `select lane, number, ordinal, contract_type, ${eventColumns}
     from (${due}) as due
     left join event on event.position = due.event_position
     order by due.number, due.lane`,
    values,
  );
}

async function messagesOf(
  sql: Sql,
  { database, vault, publishing }: OutgoingSource,
  rows: readonly (OutgoingRow | RowWithoutEvent)[],
  wanted: (versions: Versions) => Versions,
): Promise<(LaneMessage | RemovedFact)[]> {
  const there = rows.filter(hasEvent);
  const events = await readRows(sql, vault, catalogsOf(publishing), there);
  const eventOf = new Map(there.map((row, index) => [row, events[index]]));
  return rows.flatMap((row): (LaneMessage | RemovedFact)[] => {
    const event = hasEvent(row) ? eventOf.get(row) : undefined;
    const place = { lane: row.lane, number: BigInt(row.number) };
    if (!event) return [{ source: database.service, ...place, isRemoved: true }];
    const versions = numberedFact(factsOf(publishing, event), row);
    if (!versions) throw new Error(`Event ${event.position} no longer yields the fact that was numbered`);
    return laneMessages(database.service, place, event, wanted(versions));
  });
}

/** The fact that a number was given to: by its contract, so that the order in which an event gives its facts may change. */
function numberedFact(
  facts: readonly Versions[],
  { ordinal, contract_type }: Numbered,
): Versions | undefined {
  const sameOrder = facts[ordinal];
  if (contract_type === null) return sameOrder;
  const isIt = (versions: Versions | undefined): boolean =>
    versions?.[0] !== undefined && contract_type.startsWith(`${versions[0].contract.name}.v`);
  return isIt(sameOrder) ? sameOrder : facts.find(isIt);
}
