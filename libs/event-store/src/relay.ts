import type { Publication } from '@vouchsafe/contracts';
import type { Database, Sql } from '@vouchsafe/database';
import type { DomainEvent, EventCatalog } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import { progressOf, readOn } from './cursor.js';
import { type Follower, follow, type Pace } from './follower.js';
import { laneOf } from './lane.js';
import { sendTraced } from './tracing.js';
import { eventColumns, type EventRow, readRows, type RecordedEvent } from './recorded-event.js';

/** A published fact with its place in the source's lanes. */
export interface LaneMessage {
  /** The service that owns the lane. */
  readonly source: string;
  readonly lane: number;
  /** From 1, without gaps in a lane. */
  readonly number: bigint;
  /** The same for every sending of the same fact: `<source>/<lane>/<number>`. */
  readonly id: string;
  /** Order is kept per key: the organization. */
  readonly key: string;
  readonly time: Date;
  readonly traceparent: string | undefined;
  readonly publication: Publication;
}

/** How one kind of stream leaves the service: `*.published.ts` as a function. */
export interface Publishing {
  readonly catalog: EventCatalog;
  /** Pure; the same event always gives the same facts, in the same order. */
  readonly publish: (event: RecordedEvent) => readonly Publication[];
}

/** Ties a stream's events to what leaves of them. */
export function publishing<Event extends DomainEvent>(
  catalog: EventCatalog,
  publish: (event: RecordedEvent<Event>) => readonly Publication[],
): Publishing {
  // The relay hands over only events that it has read through this catalog.
  return { catalog, publish: publish as Publishing['publish'] };
}

export interface RelayOptions {
  readonly database: Database;
  readonly vault: Vault;
  /** One for each catalog of the service, private ones too: an event type that nobody lists stops the relay. */
  readonly publishing: readonly Publishing[];
  /** Resolves when the bus holds the messages durably; keeps their order. */
  readonly send: (messages: readonly LaneMessage[]) => Promise<void>;
  /** Tells the bus how far each lane stands, so that a lost tail shows even on a quiet lane. */
  readonly sendPositions: (source: string, lanes: readonly LanePosition[]) => Promise<void>;
  readonly pace?: Pace;
}

export interface LanePosition {
  readonly lane: number;
  readonly number: bigint;
}

const CURSOR = 'relay';
const PAGE = 1000;
/** Of one step: after so many the lock is looked at again. */
const PAGES = 16;
const POSITIONS_EVERY_MS = 1000;

/**
 * The outbox's relay (event-core, 'numbered lanes'): numbers what became visible, then publishes what is numbered and not
 * yet acknowledged. One at a time works for a service, by an advisory lock; a second one waits to take over.
 */
export function startRelay(options: RelayOptions): Follower {
  let positionsSentAt = 0;
  const lock = options.database.lock('relay');
  const work = follow(async () => {
    if (!(await lock.held())) return 0;
    // Each on its own: an event that cannot be read stops the numbering, not what is numbered already.
    const [numbering, publishing] = await Promise.allSettled([numberAll(options), publish(options)]);
    if (Date.now() - positionsSentAt >= POSITIONS_EVERY_MS) {
      await tellPositions(options);
      positionsSentAt = Date.now();
    }
    if (numbering.status === 'rejected') throw numbering.reason;
    if (publishing.status === 'rejected') throw publishing.reason;
    return numbering.value + publishing.value;
  }, options.pace);
  return {
    ...work,
    stop: async () => {
      await work.stop();
      await lock.release();
    },
  };
}

async function numberAll(options: RelayOptions): Promise<number> {
  let numbered = 0;
  for (let pages = 0; pages < PAGES; pages += 1) {
    const page = await number(options);
    numbered += page;
    if (page < PAGE) break;
  }
  return numbered;
}

/** Step 1: gives each fact the next number of its lane; numbers and cursor move in one transaction. */
export function number({ database, vault, publishing }: RelayOptions): Promise<number> {
  return database.asWorker(async (transaction) => {
    const rows = await readOn(transaction, CURSOR, PAGE);
    if (rows.length === 0) return 0;
    const events = await readRows(transaction, vault, catalogsOf(publishing), rows);
    const facts = events.flatMap((event) =>
      factsOf(publishing, event).map((_, ordinal) => ({
        lane: laneOf(event.organizationId),
        event,
        ordinal,
      })),
    );
    if (facts.length > 0) await take(transaction, facts);
    return rows.length;
  });
}

async function take(
  sql: Sql,
  facts: readonly { lane: number; event: RecordedEvent; ordinal: number }[],
): Promise<void> {
  const lanes = [...new Set(facts.map(({ lane }) => lane))];
  const rows = await sql.query<{ lane: number; last_number: string }>(
    'select lane, last_number from lane where lane = any ($1::smallint[]) order by lane for update',
    [lanes],
  );
  const last = new Map(rows.map(({ lane, last_number }) => [lane, BigInt(last_number)]));
  const numbered = facts.map(({ lane, event, ordinal }) => {
    const next = (last.get(lane) ?? 0n) + 1n;
    last.set(lane, next);
    return { lane, number: next, position: event.position, ordinal };
  });
  const highest = [...last.values()].reduce((a, b) => (a > b ? a : b), 0n);
  await sql.query('select ensure_outgoing_partition($1)', [highest]);
  await sql.query(
    `insert into outgoing (lane, number, event_position, ordinal)
     select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[])`,
    [
      numbered.map((fact) => fact.lane),
      numbered.map((fact) => String(fact.number)),
      numbered.map((fact) => String(fact.position)),
      numbered.map((fact) => fact.ordinal),
    ],
  );
  await sql.query(
    `update lane set last_number = moved.last_number
     from unnest($1::smallint[], $2::bigint[]) as moved (lane, last_number) where lane.lane = moved.lane`,
    [[...last.keys()], [...last.values()].map(String)],
  );
}

/**
 * Step 2: sends what is not yet acknowledged, in order: the next page is read, and the one before acknowledged, while a page is
 * on its way. A crash in between sends again: consumers drop known numbers.
 */
export async function publish(options: RelayOptions): Promise<number> {
  const reached = new Map<number, bigint>();
  const read = async (): Promise<LaneMessage[]> => {
    const page = await options.database.asWorker((transaction) =>
      readOutgoing(transaction, options, unacknowledgedAfter, [
        PAGE,
        [...reached.keys()],
        [...reached.values()].map(String),
      ]),
    );
    for (const { lane, number: last } of page) reached.set(lane, last);
    return page;
  };
  let sent = 0;
  let acknowledged: Promise<unknown> = Promise.resolve();
  let next = besides(read());
  try {
    for (let pages = 0; pages < PAGES; pages += 1) {
      const page = await next;
      if (page.length === 0) break;
      next = pages + 1 < PAGES ? besides(read()) : Promise.resolve([]);
      await sendTraced(page, options.send);
      await acknowledged;
      acknowledged = besides(acknowledge(options.database, page));
      sent += page.length;
    }
  } finally {
    // Neither is left to run on behind the advisory lock's back.
    await Promise.allSettled([next, acknowledged]);
  }
  await acknowledged;
  return sent;
}

/** Work beside a send, asked for its outcome after it: a failure in between must not count as nobody's and end the process. */
function besides<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined);
  return work;
}

function acknowledge(database: Database, page: readonly LaneMessage[]): Promise<unknown> {
  const lanes = new Map(page.map(({ lane, number: last }) => [lane, last]));
  return database.asWorker((transaction) =>
    transaction.query(
      `update lane set acknowledged = greatest(acknowledged, sent.number)
       from unnest($1::smallint[], $2::bigint[]) as sent (lane, number) where lane.lane = sent.lane`,
      [[...lanes.keys()], [...lanes.values()].map(String)],
    ),
  );
}

/** What a consumer with a gap asks for: the facts of one lane from `first` on, from the source's own store. */
export function readLane(
  options: Pick<RelayOptions, 'database' | 'vault' | 'publishing'>,
  lane: number,
  first: bigint,
  limit: number,
): Promise<LaneMessage[]> {
  return options.database.asWorker((transaction) =>
    readOutgoing(
      transaction,
      options,
      'select * from outgoing where lane = $1 and number >= $2 order by number limit $3',
      [lane, String(first), limit],
    ),
  );
}

async function tellPositions({ database, sendPositions }: RelayOptions): Promise<void> {
  const rows = await database.asWorker((transaction) =>
    transaction.query<{ lane: number; last_number: string }>(
      'select lane, last_number from lane where last_number > 0 and acknowledged = last_number order by lane',
    ),
  );
  if (rows.length === 0) return;
  await sendPositions(
    database.service,
    rows.map((row) => ({ lane: row.lane, number: BigInt(row.last_number) })),
  );
}

/**
 * The first unacknowledged facts of all lanes, as many of each as of any other: a busy lane's backlog holds up no quiet one.
 * By number, not by position: a lane's order is its numbers' (an event that committed late has a low position and a
 * high number).
 */
const unacknowledged = dueAfter('lane.acknowledged');

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

interface OutgoingRow extends EventRow {
  readonly lane: number;
  readonly number: string;
  readonly ordinal: number;
}

async function readOutgoing(
  sql: Sql,
  { database, vault, publishing }: Pick<RelayOptions, 'database' | 'vault' | 'publishing'>,
  due: string,
  values: readonly unknown[],
): Promise<LaneMessage[]> {
  const rows = await sql.query<OutgoingRow>(
    `select lane, number, ordinal, ${eventColumns}
     from (${due}) as due
     join event on event.position = due.event_position
     order by due.number, due.lane`,
    values,
  );
  const events = await readRows(sql, vault, catalogsOf(publishing), rows);
  return events.map((event, index) => {
    const row = rows[index];
    const fact = row && factsOf(publishing, event)[row.ordinal];
    if (!fact) throw new Error(`Event ${event.position} no longer gives the fact that was numbered`);
    return {
      source: database.service,
      lane: row.lane,
      number: BigInt(row.number),
      id: `${database.service}/${row.lane}/${row.number}`,
      key: event.organizationId,
      time: event.recordedAt,
      traceparent: event.envelope.traceparent,
      publication: fact,
    };
  });
}

function catalogsOf(publishing: readonly Publishing[]): (type: string) => EventCatalog {
  return (type) => entryOf(publishing, type).catalog;
}

function factsOf(publishing: readonly Publishing[], event: RecordedEvent): readonly Publication[] {
  const { catalog, publish: toFacts } = entryOf(publishing, event.type);
  return catalog.definitions[event.type]?.visibility === 'published' ? toFacts(event) : [];
}

function entryOf(publishing: readonly Publishing[], type: string): Publishing {
  const entry = publishing.find(({ catalog }) => Object.hasOwn(catalog.definitions, type));
  if (!entry) throw new Error(`The relay knows no event type ${type}: list it as published or private`);
  return entry;
}

/** Seconds since the oldest event was recorded that the relay has not read or the bus has not acknowledged. */
export function relayAge(database: Database): Promise<number> {
  return database.asWorker(async (sql) => {
    const { lagSeconds } = await progressOf(sql, CURSOR);
    const [waiting] = await sql.query<{ age: number | null }>(
      `select extract(epoch from clock_timestamp() - min(event.recorded_at))::float8 as age
       from (${unacknowledged}) as due join event on event.position = due.event_position`,
      [1],
    );
    return Math.max(lagSeconds, waiting?.age ?? 0);
  });
}
