import type { Database } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import type { Batch, Bus } from '../bus.js';
import { batchReader } from './arrivals.js';
import { type BehindLane, catchUp, type FetchMissing } from './catch-up.js';
import { laneName } from './lanes.js';
import { factOpener, type FetchTransitKeys, type NotOpened } from './open-facts.js';
import { deadLetters } from './dead-letter.js';
import { assignedPartitions, type PartitionLag } from './partitions.js';
import { LostOffsetError } from './offset.js';
import { reactionTable } from './react.js';
import type { Reaction } from './reaction.js';
import type { LaneNumbers } from './portion.js';
import { take, type Taking } from './take.js';

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
  /** How often a message is tried before it becomes a dead letter; 5 by default. */
  readonly attempts?: number;
  /** Pause after a message's first failure, doubled with each further one; 100 ms by default. */
  readonly pauseMs?: number;
  /** Called for each message that cannot be opened and is fetched from its source instead. */
  readonly onNotOpened?: (why: NotOpened) => void;
  /** Called with every error that is retried or skipped, for the log. */
  readonly onError?: (error: unknown) => void;
}

export interface Consumer {
  /** As of the last batch of each assigned partition. */
  lag(): readonly PartitionLag[];
  /** Lanes whose next number has not arrived. */
  lanesBehind(): readonly BehindLane[];
  deadLetterCount(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Consumes facts with effects exactly once (docs/bus.md, 'Lanes'): whatever is delivered twice, out of turn, to a
 * zombie or not at all, each fact has its effect in the consumer's database once, in its lane's order.
 */
export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const { bus, group, topics, fetchMissing, fetchTransitKeys, onNotOpened, onError } = options;
  const taking = takingOf(options);
  /** A lower bound of the number that each lane has reached: facts up to it are certainly known. */
  const reached = new Map<string, bigint>();
  const learn = (numbers: LaneNumbers): void => {
    for (const [name, number] of numbers) {
      if (number > (reached.get(name) ?? 0n)) reached.set(name, number);
    }
  };
  const lanes = catchUp({ taking, reached, learn, fetchMissing, onError });
  const partitions = assignedPartitions(taking.database, group);
  const { heldMilliseconds } = taking.vault;
  const open = factOpener({ fetchTransitKeys, heldMilliseconds, now: taking.now, onNotOpened, onError });
  const read = batchReader({
    table: taking.table,
    isKnown: (fact) => fact.number <= (reached.get(laneName(fact)) ?? 0n),
    ...{ open, onNotOpened, onError },
  });

  const onBatch = async (batch: Batch): Promise<void> => {
    const assigned = partitions.of(batch);
    const { facts, given, next } = await read(batch);
    if (facts.length > 0) {
      const step = { topic: batch.topic, partition: batch.partition, expected: assigned.stored, next };
      try {
        learn(await take(taking, { facts, step }, batch.signal));
      } catch (error) {
        // What was committed before the failure has moved the offset.
        assigned.stored = await partitions.stored(batch);
        if (!(error instanceof LostOffsetError)) throw error;
        onError?.(error);
        subscription.seek(batch, assigned.stored ?? 'earliest');
        return;
      }
      assigned.stored = next;
    }
    assigned.next = next;
    assigned.end = batch.end;
    for (const { number, ...lane } of given) lanes.expect(lane, number);
  };

  const subscription = await bus.subscribe({
    group,
    topics,
    onBatch,
    startFrom: partitions.assign,
    onRevoked: partitions.revoke,
    ...(onError ? { onError } : {}),
    ...(options.maxBatch === undefined ? {} : { maxBatch: options.maxBatch }),
  });
  return {
    lag: partitions.lag,
    lanesBehind: lanes.behind,
    deadLetterCount: deadLetters(taking).count,
    stop: async () => {
      await subscription.close();
      await lanes.stop();
    },
  };
}

function takingOf({ database, vault, group, reactions, now, attempts, pauseMs }: ConsumerOptions): Taking {
  return {
    ...{ database, vault, group },
    table: reactionTable(reactions),
    now: now ?? (() => new Date()),
    attempts: attempts ?? 5,
    pauseMs: pauseMs ?? 100,
  };
}
