import { createHash } from 'node:crypto';
import { prepared, type Sql } from '@vouchsafe/database';
import { readNextPage } from './cursor.js';
import { LANES, OUTGOING_PARTITION } from './migrations.js';
import type { OutgoingSource } from './outgoing.js';
import {
  catalogsOf,
  factsOf,
  laneMessages,
  type RemovedFact,
  sentVersions,
  type Versions,
} from './publishing.js';
import { readRows } from './recorded-event.js';
import { departing, type DepartingMessage, transitKeysFor } from './transit.js';

export const CURSOR = 'relay';

export interface Numbered {
  /** Events read, published or not. */
  readonly events: number;
  /** The facts that nothing in their lanes waits before: they can go out as they are, without being read again. */
  readonly ready: readonly (DepartingMessage | RemovedFact)[];
  /** Whether there are others, which wait behind what their lanes have not yet sent. */
  readonly othersWait: boolean;
}

/**
 * Gives each fact that became visible the next number of its lane, one for all its versions; numbers and cursor move in one
 * transaction. A fact that does not fit its contract stops the relay here, before it has a number: it is never skipped.
 * @param onTheirWay the last number of each lane that the caller is sending already
 */
export function number(
  source: OutgoingSource,
  limit: number,
  onTheirWay: ReadonlyMap<number, bigint>,
): Promise<Numbered> {
  const { database, vault, publishing } = source;
  return database.asWorker(async (transaction) => {
    const rows = await readNextPage(transaction, CURSOR, limit);
    if (rows.length === 0) return { events: 0, ready: [], othersWait: false };
    const transitKeys = await transitKeysFor(transaction, source, rows);
    const events = await readRows(transaction, vault, catalogsOf(publishing), rows);
    const facts = events.flatMap((event) =>
      factsOf(publishing, event).map((versions, ordinal) => ({
        lane: laneOf(event.organizationId),
        event,
        versions: sentVersions(versions),
        ordinal,
      })),
    );
    if (facts.length === 0) return { events: rows.length, ready: [], othersWait: false };
    const lanes = await lockLanes(transaction, [...new Set(facts.map(({ lane }) => lane))], onTheirWay);
    const numbered = facts.map((fact) => {
      const lane = lanes.get(fact.lane) ?? fail(fact.lane);
      lane.last += 1n;
      return { ...fact, number: lane.last, isReady: lane.isReady };
    });
    await store(transaction, numbered, lanes);
    const ready = numbered.filter(({ isReady }) => isReady);
    return {
      events: rows.length,
      ready: ready.flatMap(({ event, versions, ...place }) =>
        laneMessages(database.service, place, event, versions).map((message) =>
          departing(message, transitKeys),
        ),
      ),
      othersWait: ready.length < numbered.length,
    };
  });
}

interface LaneEnd {
  /** The number given out last. */
  last: bigint;
  readonly before: bigint;
  /** All that was numbered before has been sent. */
  readonly isReady: boolean;
}

async function lockLanes(
  sql: Sql,
  lanes: readonly number[],
  onTheirWay: ReadonlyMap<number, bigint>,
): Promise<Map<number, LaneEnd>> {
  const rows = await sql.query<{ lane: number; last_number: string; acknowledged: string }>(
    prepared(`select lane, last_number, acknowledged from lane where lane = any ($1::smallint[])
     order by lane for update`),
    [lanes],
  );
  return new Map(
    rows.map(({ lane, last_number, acknowledged }) => {
      const before = BigInt(last_number);
      const isReady = before === BigInt(acknowledged) || before === onTheirWay.get(lane);
      return [lane, { last: before, before, isReady }];
    }),
  );
}

async function store(
  sql: Sql,
  numbered: readonly {
    readonly lane: number;
    readonly number: bigint;
    readonly event: { readonly position: bigint };
    readonly versions: Versions;
    readonly ordinal: number;
  }[],
  lanes: ReadonlyMap<number, LaneEnd>,
): Promise<void> {
  const partition = (number: bigint) => number / BigInt(OUTGOING_PARTITION);
  for (const { before, last } of lanes.values())
    if (partition(last) !== partition(before))
      await sql.query('select ensure_outgoing_partition($1)', [last]);
  const stored = sql.query(
    prepared(`insert into outgoing (lane, number, event_position, ordinal, contract_type)
     select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[])`),
    [
      numbered.map((fact) => fact.lane),
      numbered.map((fact) => String(fact.number)),
      numbered.map((fact) => String(fact.event.position)),
      numbered.map((fact) => fact.ordinal),
      numbered.map((fact) => fact.versions[0]?.contract.type),
    ],
  );
  const moved = sql.query(
    prepared(`update lane set last_number = moved.last_number
     from unnest($1::smallint[], $2::bigint[]) as moved (lane, last_number) where lane.lane = moved.lane`),
    [[...lanes.keys()], [...lanes.values()].map(({ last }) => String(last))],
  );
  // Sent one behind the other.
  await Promise.all([stored, moved]);
}

function fail(lane: number): never {
  throw new Error(`There is no lane ${lane}`);
}

/** The lane of a key: SHA-256's first byte by 64, the same in every service and for ever. */
export function laneOf(key: string): number {
  return (createHash('sha256').update(key).digest()[0] ?? 0) % LANES;
}
