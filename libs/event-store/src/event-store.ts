import { type Database, postgresFault, type Transaction } from '@vouchsafe/database';
import { type DomainEvent, fold, isRejected, type Rejected } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import { type Aggregate, streamOf } from './aggregate.js';
import { append, appendInOneStatement, type Appending, loadStream, versionOf } from './append.js';
import { applyTo } from './inline-projection.js';
import { type Envelope, readRows, type RecordedEvent } from './recorded-event.js';

/** A conflict that bounded retries did not solve: many writers want the same stream at once. */
export class ConcurrencyConflictError extends Error {
  override readonly name = 'ConcurrencyConflictError';
}

export interface Executed<State, Event extends DomainEvent> {
  readonly state: State;
  readonly events: readonly RecordedEvent<Event>[];
  readonly version: number;
}

export interface UnitOfWork extends Transaction {
  readonly organizationId: string;
  /** Loads, decides, appends and projects; a rejection comes back as a value and appends nothing. */
  execute<State, Command, Event extends DomainEvent, Rejection extends Rejected>(
    aggregate: Aggregate<State, Command, Event, Rejection>,
    id: string,
    command: Command,
  ): Promise<Executed<State, Event> | Rejection>;
  load<State, Command, Event extends DomainEvent, Rejection extends Rejected>(
    aggregate: Aggregate<State, Command, Event, Rejection>,
    id: string,
  ): Promise<{ readonly state: State; readonly version: number }>;
  /** The stream's version alone, without reading its events; 0 where there is none. */
  version(aggregate: { readonly category: string }, id: string): Promise<number>;
}

const ATTEMPTS = 5;

export interface EventStoreOptions {
  readonly database: Database;
  readonly vault: Vault;
}

/** Appends to one service's events; the only way in for aggregates. */
export class EventStore {
  private readonly listeners = new Set<() => void>();

  constructor(private readonly options: EventStoreOptions) {}

  /**
   * One unit of work for one organization, in one transaction: all of it or nothing. Tried again on a version conflict,
   * so `work` must have no effect outside the transaction. A unit that returns a rejection is rolled back whole.
   * @throws ConcurrencyConflictError after 5 attempts
   */
  async transact<Result>(
    organizationId: string,
    envelope: Envelope,
    work: (unit: UnitOfWork) => Promise<Result>,
  ): Promise<Result> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        return await this.options.database.forOrganization(organizationId, async (transaction) => {
          const result = await work(this.unit(transaction, organizationId, envelope));
          if (isRejection(result)) throw new RolledBack(result);
          return result;
        });
      } catch (error) {
        if (error instanceof RolledBack) return error.rejection as Result;
        if (!isConflict(error)) throw error;
        await pause(attempt);
      }
    }
    throw new ConcurrencyConflictError(`Gave up after ${ATTEMPTS} attempts`);
  }

  /**
   * Appends what needs no decision: a writer that knows its stream's version (imports, the access log).
   * @throws an error whose `postgresFault` is a unique violation when the stream has moved on
   */
  async append(appending: Appending): Promise<void> {
    await appendInOneStatement(this.options.database, this.options.vault, appending);
    this.appended();
  }

  /** A unit over a transaction that is already open, such as a consumer's; no retry of its own. */
  unit(transaction: Transaction, organizationId: string, envelope: Envelope): UnitOfWork {
    const { vault } = this.options;
    const notify = this.notifyAfter(transaction);
    const load = async <State, Command, Event extends DomainEvent, Rejection extends Rejected>(
      from: Aggregate<State, Command, Event, Rejection>,
      id: string,
    ) => {
      const rows = await loadStream(transaction, streamOf(from, id));
      const events = await readRows<Event>(transaction, vault, () => from.catalog, rows);
      // A recorded event has the type and data of the domain event that it records.
      return { state: fold(from.decider, events as unknown as readonly Event[]), version: events.length };
    };
    return {
      ...transaction,
      organizationId,
      load,
      version: (of, id) => versionOf(transaction, streamOf(of, id)),
      execute: async (on, id, command) => {
        const { state, version } = await load(on, id);
        const decision = on.decider.decide(state, command);
        if (isRejected(decision)) return decision;
        if (decision.length === 0) return { state, events: [], version };
        const stream = streamOf(on, id);
        const rows = await append(transaction, vault, {
          organizationId,
          stream,
          expectedVersion: version,
          catalog: on.catalog,
          events: decision,
          envelope,
        });
        const events = decision.map((event, index) =>
          recorded(event, rows[index], { organizationId, stream, version: version + index + 1, envelope }),
        );
        for (const projection of on.inline) await applyTo(projection.on, transaction, events, vault);
        notify();
        return { state: fold(on.decider, decision, state), events, version: version + decision.length };
      },
    };
  }

  /** Called after each commit that appended; wakes the relay and the projections of this process. */
  onAppended(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private notifyAfter(transaction: Transaction): () => void {
    let registered = false;
    return () => {
      if (registered) return;
      registered = true;
      transaction.afterCommit(() => this.appended());
    };
  }

  /** For writers that append by their own statement (the gateway's access log). */
  appended(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Carries a rejection out of the transaction, so that the transaction rolls back. */
class RolledBack extends Error {
  constructor(readonly rejection: Rejected) {
    super('Rolled back');
  }
}

function isRejection(result: unknown): result is Rejected {
  return typeof result === 'object' && result !== null && isRejected(result);
}

/** The primary key of the partition that holds every stream of an aggregate. */
const STREAM_AND_VERSION = 'event_default_pkey';

/** Somebody else appended first, or Postgres asks to try again. */
function isConflict(error: unknown): boolean {
  const found = postgresFault(error);
  if (!found) return false;
  if (found.fault === 'unique_violation') return found.constraint === STREAM_AND_VERSION;
  return found.fault === 'serialization_failure' || found.fault === 'deadlock_detected';
}

/** Grows with the attempt and spreads the writers, so that they do not meet again at once. */
function pause(attempt: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * 2 ** attempt));
}

function recorded<Event extends DomainEvent>(
  event: Event,
  row: { position: string; recorded_at: number } | undefined,
  where: Pick<RecordedEvent, 'organizationId' | 'stream' | 'version' | 'envelope'>,
): RecordedEvent<Event> {
  if (!row) throw new Error('The store returned fewer rows than were appended');
  return {
    ...where,
    position: BigInt(row.position),
    type: event.type,
    data: event.data,
    recordedAt: new Date(row.recorded_at),
  };
}
