/** @promise P23 (main) makes entries durable, all requests in flight together */
import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Transaction } from '@vouchsafe/database';
import { appendBatch, EventStore } from '@vouchsafe/event-store';
import { Clock, CONFIG, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import type { GatewayConfig } from '../gateway.config.js';
import { accessLogEvents, accessLogStream } from './access-log.events.js';
import {
  CLOSE_AT_ONCE,
  eventOf,
  insertReceived,
  type Item,
  type Located,
  lockOpen,
  removeOpen,
  takeOver,
} from './batch.js';

/** The id of this process: distinguishes its entries, open entries and lease from those of others. */
@Injectable()
export class Instance {
  readonly id: string = randomUUID();
}

/** The entry could not be made durable in time. */
export class NotRecordedError extends Error {
  override readonly name = 'NotRecordedError';
}

/** `closed`: another instance has taken this one for dead and closed the entry; its outcome stands as `unknown`. */
export type Recorded = 'written' | 'closed';

interface Waiting {
  item: Item;
  readonly since: number;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: unknown) => void;
  /** The client was answered 503 already. */
  givenUp: boolean;
}

interface Attempt {
  /** Number of our last entry, when this attempt has been committed. */
  readonly sequence: number;
  readonly results: ReadonlyMap<Waiting, Recorded>;
  /** Dead instances have left more than one batch closes. */
  readonly moreToClose: boolean;
}

const MOST_AT_ONCE = 512;
/** Entries in memory, beyond which a request is refused at once, as it would be after `patience`: some 50 MB. */
export const MOST_WAITING = 5000;
const RETRY_MS = { first: 20, most: 500 } as const;
/** A statement that answers neither yes nor no: the connection is given up, and what it did is looked up. */
const HANGING_MS = 10_000;
/** The relay works best in pages: woken for every batch of a few entries it would cost more than the requests themselves. */
const RELAY_MS = 100;

/**
 * Writes entries of all requests in flight together (P23; docs/gateway.md, 'The access log'): while one transaction commits, the next batch
 * gathers; so the wait is shared and no timer adds to it. One writer at a time per process keeps the sequence.
 */
@Injectable()
export class AccessLog {
  private queue: Waiting[] = [];
  private current: Waiting[] = [];
  private discard: string[] = [];
  private closing = false;
  private sequence = 0;
  /**
   * Stream of an attempt that failed, and may have been committed all the same, or even be so later. Tried again in the same
   * stream, whatever the month: its unique versions keep a late commit out.
   */
  private inDoubt: string | null = null;
  private running: Promise<void> | null = null;

  private readonly wakeRelay: () => void;

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly instance: Instance,
    store: EventStore,
    /** How long a request waits for its entry to become durable, before it is answered 503. */
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'VOUCHSAFE_ACCESS_LOG_PATIENCE_MS'>,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {
    this.wakeRelay = atMostEvery(RELAY_MS, () => store.appended());
  }

  /** Durable before the request is passed on. @throws NotRecordedError: then nothing may be executed */
  async received(entry: Located): Promise<void> {
    await this.enqueue({ kind: 'received', ...entry });
  }

  /** Durable before the answer leaves. @throws NotRecordedError */
  outcome(entry: Located, openEntry: 'none' | 'ends' | 'stays'): Promise<Recorded> {
    return this.enqueue({ kind: 'outcome', openEntry, ...entry });
  }

  /** Closes what dead instances left open, with the next batch. */
  closeTheDead(): void {
    this.closing = true;
    this.start();
  }

  /** Waits until nothing is to be written. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  get waiting(): number {
    return this.queue.length + this.current.length;
  }

  private enqueue(item: Item): Promise<Recorded> {
    if (this.waiting >= MOST_WAITING && !isExecuted(item))
      return Promise.reject(new NotRecordedError('Too many access-log entries are waiting to be written'));
    return new Promise((resolve, reject) => {
      this.queue.push({ item, since: performance.now(), resolve, reject, givenUp: false });
      this.start();
    });
  }

  private start(): void {
    this.running ??= this.run().finally(() => {
      this.running = null;
      if (this.hasWork()) this.start();
    });
  }

  private hasWork(): boolean {
    return this.queue.length > 0 || this.current.length > 0 || this.discard.length > 0 || this.closing;
  }

  private async run(): Promise<void> {
    // Requests that arrive in the same turn of the event loop share the first batch.
    await new Promise(setImmediate);
    const watch = setInterval(() => this.giveUpOnTheOverdue(), 50);
    let pause: number = RETRY_MS.first;
    try {
      while (this.hasWork()) {
        if (this.current.length === 0) this.current = this.queue.splice(0, MOST_AT_ONCE);
        try {
          this.settle(await this.attempt());
          pause = RETRY_MS.first;
          this.wakeRelay();
        } catch (error) {
          this.logger.error({ err: error }, 'Access-log entries could not be written; retrying');
          this.afterFailure(error);
          await new Promise((resolve) => setTimeout(resolve, pause));
          pause = Math.min(pause * 2, RETRY_MS.most);
        }
      }
    } finally {
      clearInterval(watch);
    }
  }

  /** One transaction: all of the batch becomes durable, or nothing. */
  private async attempt(): Promise<Attempt> {
    const [batch, discard, closing] = [this.current, this.discard, this.closing];
    // A failed take-over is asked for again with the next heartbeat.
    this.closing = false;
    const stream = this.inDoubt ?? accessLogStream(this.instance.id, this.clock.now());
    const write = (sql: Transaction) => this.write(sql, stream, batch, discard, closing);
    const attempt = await withinTime(this.database.asWorker(write)).catch((error: unknown) => {
      this.inDoubt = stream;
      throw error;
    });
    this.discard = this.discard.slice(discard.length);
    return attempt;
  }

  private settle({ sequence, results, moreToClose }: Attempt): void {
    this.inDoubt = null;
    this.sequence = sequence;
    this.closing ||= moreToClose;
    for (const waiting of this.current) {
      // Answered 503 while it became durable: it is not passed on, and its entry must not stay open.
      if (waiting.givenUp && waiting.item.kind === 'received')
        this.discard.push(waiting.item.entry.requestId);
      waiting.resolve(results.get(waiting) ?? 'written');
    }
    this.current = [];
  }

  private async write(
    sql: Transaction,
    stream: string,
    batch: readonly Waiting[],
    discard: readonly string[],
    closing: boolean,
  ): Promise<Attempt> {
    const { vault, instance, clock } = this;
    const ended = await removeOpen(sql, [...idsOf(batch, 'ends'), ...discard]);
    const staying = await lockOpen(sql, idsOf(batch, 'stays'));
    // Behind the row locks just taken, a doubted attempt has either been committed or is gone.
    const done = this.inDoubt ? await writtenSince(sql, stream, this.sequence) : nothing(this.sequence);

    const received = batch.flatMap(({ item }) => (item.kind === 'received' ? [item] : []));
    if (!(await insertReceived(sql, vault, instance.id, received))) throw new LeaseEnded();

    const results = new Map<Waiting, Recorded>();
    const outcomes = batch.flatMap((waiting) => {
      const { item } = waiting;
      if (item.kind === 'received') return [];
      const already = done.entries.has(nameOf(item));
      const open = item.openEntry === 'ends' ? ended : staying;
      const ours = already || item.openEntry === 'none' || open.has(item.entry.requestId);
      results.set(waiting, ours ? 'written' : 'closed');
      return ours && !already ? [eventOf(item)] : [];
    });
    const taken = closing ? await takeOver(sql, vault, instance.id, clock.now()) : [];
    const entries = [...outcomes, ...taken.map(eventOf)];
    await appendBatch(sql, vault, {
      stream,
      expectedVersion: done.sequence,
      catalog: accessLogEvents,
      entries,
    });
    return { sequence: done.sequence + entries.length, results, moreToClose: taken.length >= CLOSE_AT_ONCE };
  }

  /** Nothing of the batch is passed on that was not yet; outcomes are tried again: they must not be lost. */
  private afterFailure(error: unknown): void {
    if (!isTransient(error)) this.setAside(error);
    for (const waiting of this.current) {
      if (waiting.item.kind === 'outcome') continue;
      // It may have been committed all the same; nothing is executed, so no entry must stay open.
      this.discard = [...this.discard, waiting.item.entry.requestId];
      if (!waiting.givenUp) waiting.reject(new NotRecordedError('The entry could not be made durable'));
    }
    this.current = worthKeeping(this.current.filter(({ item }) => item.kind === 'outcome'));
  }

  /** An entry that the database refuses for what it says must not keep back the others: halve until it stands alone. */
  private setAside(error: unknown): void {
    if (this.current.length === 1) {
      for (const waiting of this.current.splice(0)) waiting.reject(error);
      return;
    }
    this.queue.unshift(...this.current.splice(Math.ceil(this.current.length / 2)));
  }

  private giveUpOnTheOverdue(): void {
    const oldest = performance.now() - this.config.VOUCHSAFE_ACCESS_LOG_PATIENCE_MS;
    for (const waiting of [...this.current, ...this.queue]) {
      if (waiting.givenUp || waiting.since > oldest) continue;
      waiting.givenUp = true;
      waiting.reject(new NotRecordedError('The entry could not be made durable in time'));
    }
    this.queue = worthKeeping(this.queue);
  }
}

/**
 * What was answered 503 meanwhile: it needs no entry when nothing was executed. An executed operation does, and its entry says
 * that its outcome is unknown.
 */
function worthKeeping(queue: readonly Waiting[]): Waiting[] {
  const kept = queue.filter(({ givenUp, item }) => !givenUp || isExecuted(item));
  for (const waiting of kept) {
    if (!waiting.givenUp) continue;
    waiting.item = { ...waiting.item, entry: { ...waiting.item.entry, outcome: 'unknown', status: 503 } };
  }
  return kept;
}

/** Its entry must not be lost; of these there are no more than were let through before. */
function isExecuted(item: Item): boolean {
  return item.kind === 'outcome' && item.openEntry !== 'none';
}

function idsOf(batch: readonly Waiting[], openEntry: 'ends' | 'stays'): string[] {
  return batch.flatMap(({ item }) =>
    item.kind === 'outcome' && item.openEntry === openEntry ? [item.entry.requestId] : [],
  );
}

interface Written {
  readonly sequence: number;
  readonly entries: ReadonlySet<string>;
}

function nothing(sequence: number): Written {
  return { sequence, entries: new Set() };
}

async function writtenSince(sql: Transaction, stream: string, sequence: number): Promise<Written> {
  const rows = await sql.query<{ version: number; request_id: string; part: string }>(
    `select version, payload ->> 'requestId' as request_id, payload ->> 'part' as part
     from event where stream = $1 and version > $2 order by version`,
    [stream, sequence],
  );
  return {
    sequence: rows.at(-1)?.version ?? sequence,
    entries: new Set(rows.map(({ request_id, part }) => `${request_id} ${part}`)),
  };
}

function nameOf({ entry }: Located): string {
  return `${entry.requestId} ${entry.part}`;
}

/** The heartbeat will renew the lease; until then nothing may be passed on. */
class LeaseEnded extends Error {
  override readonly name = 'LeaseEnded';
}

/** All failures are taken to pass (network, restart, disk full), but for what the data itself causes: SQLSTATE class 22, 42, a schema. */
function isTransient(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    if (/^(?:22|42)[0-9A-Z]{3}$/.test(code) || cause.message.includes('does not fit its schema'))
      return false;
  }
  return true;
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The database does not answer')), HANGING_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function atMostEvery(milliseconds: number, work: () => void): () => void {
  let timer: NodeJS.Timeout | null = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, milliseconds).unref();
  };
}
