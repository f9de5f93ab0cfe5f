import type { Database } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import type { Batch, Bus, TopicPartition } from '../bus.js';
import { type ArrivedFact, readMessage, type SealedFact } from '../cloud-events.js';
import { type BehindLane, catchUp, type FetchMissing } from './catch-up.js';
import { laneName } from './lanes.js';
import { factOpener, type FetchTransitKeys, type NotOpened } from './open-facts.js';
import { parkedMessages } from './parked-message.js';
import { LostPlaceError, readPlace } from './place.js';
import { reactionTable } from './react.js';
import type { Reaction } from './reaction.js';
import { type LaneNumbers, take, type Taking } from './take.js';

export interface ConsumerOptions {
  /** The consumer's own: effects, lane numbers and offsets are committed there together (`consumerMigrations`). */
  readonly database: Database;
  readonly vault: Vault;
  readonly bus: Bus;
  readonly group: string;
  readonly topics: readonly string[];
  readonly reactions: readonly Reaction[];
  /** Asks a source for what the bus did not bring (internal HTTP). */
  readonly fetchMissing: FetchMissing;
  /** Asks a source for the keys of what it seals on the bus (internal HTTP). */
  readonly fetchTransitKeys: FetchTransitKeys;
  readonly now?: () => Date;
  readonly maxBatch?: number;
  /** Tries of a message before it is parked; 5 where nothing is said. */
  readonly attempts?: number;
  /** Pause after a message's first failure, doubled with each; 100 ms where nothing is said. */
  readonly pauseMs?: number;
  /** Told of each message that is not opened, and fetched from its source instead. */
  readonly onNotOpened?: (why: NotOpened) => void;
  /** Everything that is being retried or was left out, for the log. */
  readonly onError?: (error: unknown) => void;
}

export interface PartitionLag extends TopicPartition {
  /** Messages between the consumer's place and the partition's end. */
  readonly messages: bigint;
}

export interface Consumer {
  /** As of the last batch of each partition held. */
  lag(): readonly PartitionLag[];
  /** Lanes whose next number has not arrived. */
  lanesBehind(): readonly BehindLane[];
  parkedCount(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Consumes facts with effects exactly once (event-core, 'numbered lanes'): whatever is delivered twice, out of turn, to a
 * zombie or not at all, each fact has its effect in the consumer's database once, in its lane's order.
 */
export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const { database, group, bus, topics, onError } = options;
  const taking: Taking = {
    database,
    vault: options.vault,
    group,
    table: reactionTable(options.reactions),
    now: options.now ?? (() => new Date()),
    attempts: options.attempts ?? 5,
    pauseMs: options.pauseMs ?? 100,
  };
  /** Numbers that lanes have reached at least; the database knows better, but what is below these is known. */
  const reached = new Map<string, bigint>();
  const places = new Map<string, { stored: bigint | null; next: bigint; end: bigint } & TopicPartition>();
  const learn = (numbers: LaneNumbers): void => {
    for (const [name, number] of numbers) {
      if (number > (reached.get(name) ?? 0n)) reached.set(name, number);
    }
  };
  const lanes = catchUp({ taking, reached, learn, fetchMissing: options.fetchMissing, onError });

  const open = factOpener({
    fetchTransitKeys: options.fetchTransitKeys,
    heldMilliseconds: options.vault.heldMilliseconds,
    now: taking.now,
    onNotOpened: options.onNotOpened,
    onError,
  });

  /**
   * In their order, but for those that do not open: they are gaps. What no reaction is for stays sealed: this service does not ask
   * for keys that it has no use for.
   */
  const openAll = async (arrived: readonly Arrived[]) => {
    const wanted = arrived.flatMap(({ fact }) =>
      fact.kind === 'sealed' && taking.table.concerns(fact.type) ? [fact] : [],
    );
    const opened = await open(wanted);
    return arrived.flatMap(({ fact, offset }) => {
      if (fact.kind === 'fact') return [{ fact, offset }];
      const found = taking.table.concerns(fact.type) ? opened.get(fact) : { ...fact, kind: 'fact' as const };
      return found ? [{ fact: found, offset }] : [];
    });
  };

  const onBatch = async (batch: Batch): Promise<void> => {
    const place = places.get(partitionName(batch));
    if (!place) throw new Error(`No place was read for ${partitionName(batch)}`);
    const read = batch.messages.map((message) => ({
      message: readMessage(message),
      offset: message.offset,
    }));
    const next = (batch.messages.at(-1)?.offset ?? 0n) + 1n;
    const arrived: Arrived[] = [];
    for (const { message, offset } of read) {
      if (message.kind === 'foreign') {
        onError?.(new ForeignMessageError(batch, offset, message.reason));
      } else if (message.kind !== 'positions' && message.number > (reached.get(laneName(message)) ?? 0n)) {
        if (!taking.table.isTakenOtherwise(message)) arrived.push({ fact: message, offset });
      }
    }
    const facts = await openAll(arrived);
    if (facts.length > 0) {
      const step = { topic: batch.topic, partition: batch.partition, expected: place.stored, next };
      try {
        learn(await take(taking, { facts, step }, batch.signal));
      } catch (error) {
        // What was committed before the failure has moved the place on.
        place.stored = await database.asWorker((sql) => readPlace(sql, group, batch));
        if (!(error instanceof LostPlaceError)) throw error;
        onError?.(error);
        subscription.seek(batch, place.stored ?? 'earliest');
        return;
      }
      place.stored = next;
    }
    place.next = next;
    place.end = batch.end;
    for (const { fact } of arrived) lanes.expect(fact, fact.number);
    for (const { message } of read) {
      if (message.kind !== 'positions') continue;
      for (const { lane, number } of message.lanes) lanes.expect({ source: message.source, lane }, number);
    }
  };

  const subscription = await bus.subscribe({
    group,
    topics,
    onBatch,
    startFrom: async (assigned) => {
      const stored = await database.asWorker((sql) => readPlace(sql, group, assigned));
      const next = stored ?? assigned.earliest;
      const { topic, partition, end } = assigned;
      places.set(partitionName(assigned), { topic, partition, stored, next, end });
      return next;
    },
    onRevoked: (partition) => places.delete(partitionName(partition)),
    ...(onError ? { onError } : {}),
    ...(options.maxBatch === undefined ? {} : { maxBatch: options.maxBatch }),
  });

  const parked = parkedMessages(taking);
  return {
    lag: () =>
      [...places.values()].map(({ topic, partition, next, end }) => ({
        topic,
        partition,
        messages: end > next ? end - next : 0n,
      })),
    lanesBehind: lanes.behind,
    parkedCount: parked.count,
    stop: async () => {
      await subscription.close();
      await lanes.stop();
    },
  };
}

interface Arrived {
  readonly fact: ArrivedFact | SealedFact;
  readonly offset: bigint;
}

/** A message that no relay of ours has sent; it is left out, loudly. */
export class ForeignMessageError extends Error {
  override readonly name = 'ForeignMessageError';
  constructor(partition: TopicPartition, offset: bigint, reason: string) {
    super(`${partitionName(partition)} holds at ${offset} what no relay has sent: ${reason}`);
  }
}

function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
