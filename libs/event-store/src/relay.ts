import type { Database } from '@vouchsafe/database';
import { progressOf } from './cursor.js';
import { type Follower, follow, type Pace } from './follower.js';
import { CURSOR, number, type Numbered } from './numbering.js';
import { isThere, type RemovedFact } from './publishing.js';
import { acknowledge, type OutgoingSource, readWaiting, unacknowledged } from './outgoing.js';
import { sendTraced } from './tracing.js';
import type { DepartingMessage } from './transit.js';

export interface RelayOptions extends OutgoingSource {
  /** Resolves when the bus holds the messages durably; keeps their order. */
  readonly send: (messages: readonly DepartingMessage[]) => Promise<void>;
  /** Tells the bus how far each lane stands, so that a lost tail shows even on a quiet lane. */
  readonly sendPositions: (source: string, lanes: readonly LanePosition[]) => Promise<void>;
  readonly pace?: Pace;
}

export interface LanePosition {
  readonly lane: number;
  readonly number: bigint;
}

const PAGE = 1000;
/** Of one step: after so many the lock is looked at again. */
const PAGES = 16;
const POSITIONS_EVERY_MS = 1000;

/**
 * The outbox's relay (docs/bus.md, 'The relay'): numbers what became visible and sends it. One at a time works for a service,
 * by an advisory lock; a second one waits to take over.
 */
export function startRelay(options: RelayOptions): Follower {
  let positionsSentAt = 0;
  /** Whether facts may wait that were numbered and not sent: by another relay, or because the bus did not take them. */
  let behind = true;
  const lock = options.database.lock('relay');

  const step = async (): Promise<boolean> => {
    if (behind && (await sendWaiting(options))) return true;
    behind = true;
    const { events, othersWait } = await numberAndSend(options);
    // A look that finds nothing new is the one for what nobody tells of: what another relay numbered while this one had lost the
    // lock, acknowledgements that a crash of the database forgot.
    behind = othersWait || (events === 0 && (await sendWaiting(options)));
    return behind || events >= PAGE;
  };

  const work = follow(async () => {
    if (!(await lock.held())) return 0;
    const isMoreToDo = await step();
    if (Date.now() - positionsSentAt >= POSITIONS_EVERY_MS) {
      await tellPositions(options);
      positionsSentAt = Date.now();
    }
    return isMoreToDo ? 1 : 0;
  }, options.pace);
  return {
    ...work,
    stop: async () => {
      await work.stop();
      await lock.release();
    },
  };
}

/**
 * Numbers what became visible, page by page, and sends each page as soon as its numbers are durable, while the next one is numbered.
 * A crash in between leaves numbered facts to `sendWaiting`, and may send some again: consumers drop known numbers.
 */
async function numberAndSend(options: RelayOptions): Promise<Pick<Numbered, 'events' | 'othersWait'>> {
  const onTheirWay = new Map<number, bigint>();
  const numberPage = async () => {
    const page = await number(options, PAGE, onTheirWay);
    for (const { lane, number: last } of page.ready) onTheirWay.set(lane, last);
    return page;
  };
  const send = sending(options);
  let next = besides(numberPage());
  let othersWait = false;
  let events = 0;
  let isFull = true;
  try {
    for (let pages = 1; isFull && pages <= PAGES; pages += 1) {
      const page = await next;
      isFull = page.events === PAGE;
      events += page.events;
      othersWait ||= page.othersWait;
      if (isFull && pages < PAGES) next = besides(numberPage());
      await send.page(page.ready);
    }
  } finally {
    // Neither is left to run on behind the advisory lock's back.
    await Promise.allSettled([next, send.acknowledged()]);
  }
  await send.acknowledged();
  return { events, othersWait };
}

/**
 * Sends what is numbered and not yet acknowledged, in order, from the store; the next page is read while one is on its way.
 * @returns whether something may be left
 */
async function sendWaiting(options: RelayOptions): Promise<boolean> {
  const onTheirWay = new Map<number, bigint>();
  const readPage = async () => {
    const page = await readWaiting(options, PAGE, onTheirWay);
    for (const { lane, number: last } of page) onTheirWay.set(lane, last);
    return page;
  };
  const send = sending(options);
  let next = besides(readPage());
  let isLeft = true;
  try {
    for (let pages = 1; isLeft && pages <= PAGES; pages += 1) {
      const page = await next;
      isLeft = page.length > 0;
      if (isLeft && pages < PAGES) next = besides(readPage());
      await send.page(page);
    }
  } finally {
    await Promise.allSettled([next, send.acknowledged()]);
  }
  await send.acknowledged();
  return isLeft;
}

/** Sends pages one after the other; each is acknowledged while the next one is sent. */
function sending({ database, send }: RelayOptions) {
  let acknowledged: Promise<unknown> = Promise.resolve();
  return {
    page: async (page: readonly (DepartingMessage | RemovedFact)[]): Promise<void> => {
      if (page.length === 0) return;
      const leaving = page.filter((fact) => isThere(fact));
      if (leaving.length > 0) await sendTraced(leaving, send);
      await acknowledged;
      acknowledged = besides(acknowledge(database, page));
    },
    acknowledged: () => acknowledged,
  };
}

/** Work beside a send, asked for its outcome after it: a failure in between must not become an unhandled rejection, which ends the process. */
function besides<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined);
  return work;
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
