import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { AssignedPartition, SubscribeOptions, Subscription, TopicPartition } from '../bus.js';
import type { OpenAdmin } from './admin.js';
import { RETRY } from './client.js';
import { isFault } from './faults.js';
import { type Holding, hold, type HoldingPlace } from './holding.js';
import { incoming } from './incoming.js';
import type { KafkaOptions } from './kafka-options.js';
import { partitionsOf } from './topics.js';

/** A fetch that finds nothing is answered after so long; a partition that was paused is fetched again after so long at most. */
const FETCH_WAIT_MS = 250;
const PAUSE_MS = { first: 50, most: 5_000 } as const;
const RECONNECT_MS = { first: 100, most: 2_000 } as const;
const CLOSE_WITHIN_MS = 15_000;

/**
 * One member of a group. kafkajs reads; what it holds, where it stands and when it tries again is decided here. Batches run inside
 * of kafkajs's own rounds, which end before it joins a group again: so a partition changes hands between two batches, with its
 * place committed. A consumer that crashes (its brokers or topics are gone) is thrown away and made anew, for as long as the
 * subscription is open.
 */
export function joinGroup(
  kafka: Kafka,
  admin: OpenAdmin,
  options: SubscribeOptions,
  { sessionTimeoutMs = 10_000, metadataMaxAgeMs = 30_000 }: KafkaOptions,
): Subscription {
  const closing = new AbortController();
  const held = new Map<string, Holding>();
  let member: string | undefined;
  let consumer: Consumer | undefined;

  const release = (stays: (holding: Holding) => boolean): void => {
    for (const [name, holding] of held) {
      if (stays(holding)) continue;
      holding.stop();
      held.delete(name);
      options.onRevoked?.({ topic: holding.topic, partition: holding.partition });
    }
  };

  const joined = (of: Consumer, memberId: string, assignment: Record<string, number[]>): void => {
    const assigned = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    const names = new Set(assigned.map(nameOf));
    // The same member was never out of the group in between: nobody else has held what it still holds.
    release((holding) => memberId === member && names.has(nameOf(holding)));
    member = memberId;
    for (const partition of assigned) {
      const kept = held.get(nameOf(partition));
      if (kept) {
        kept.again();
        continue;
      }
      const holding = hold(partition, placeOn(of));
      held.set(nameOf(partition), holding);
      holding.place(async (bounds) => {
        const assignedPartition = { ...partition, ...bounds };
        const wanted = await options.startFrom(assignedPartition);
        return { wanted, placed: () => options.onAssigned?.(assignedPartition) };
      });
    }
  };

  const placeOn = (of: Consumer): HoldingPlace => ({
    pause: (partition) => of.pause([only(partition)]),
    resume: (partition) => of.resume([only(partition)]),
    seek: (partition, offset) => of.seek({ ...partition, offset: String(offset) }),
    bounds: (partition) => boundsOf(admin, options.group, partition),
    onError: (error) => options.onError?.(error),
    pauses: PAUSE_MS,
  });

  const onBatch = async (fetched: EachBatchPayload): Promise<void> => {
    const { batch } = fetched;
    const holding = held.get(nameOf(batch));
    const turn = holding?.turn();
    if (!holding || turn === undefined || holding.isStopped() || fetched.isStale()) return;
    const { topic, partition } = holding;
    // Other members' rebalance is heard of after the batch; only a lost membership ends it.
    const beat = setInterval(() => {
      fetched.heartbeat().catch((error: unknown) => {
        if (LOST.some((code) => isFault(error, code))) holding.stop();
      });
    }, sessionTimeoutMs / 5);
    let next: bigint | undefined;
    try {
      for (const messages of portions(batch.messages, options.maxBatch ?? 500)) {
        const last = messages.at(-1);
        if (!last || holding.isStopped()) break;
        await options.onBatch({
          topic,
          partition,
          messages: messages.map(incoming),
          end: BigInt(batch.highWatermark),
          signal: holding.signal,
        });
        if (holding.turn() !== turn) break;
        next = BigInt(last.offset) + 1n;
        holding.moved(next);
        fetched.resolveOffset(last.offset);
      }
    } catch (error) {
      options.onError?.(error);
      holding.rest();
    } finally {
      clearInterval(beat);
    }
    if (next !== undefined && holding.turn() === turn) {
      await fetched.commitOffsetsIfNecessary({
        topics: [{ topic, partitions: [{ partition, offset: String(next) }] }],
      });
    }
  };

  /** Reads until the consumer crashes or the subscription closes. */
  const session = async (): Promise<void> => {
    // kafkajs takes long to say which one is missing.
    for (const topic of options.topics) await partitionsOf(admin, topic);
    const current = kafka.consumer({
      groupId: options.group,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
      rebalanceTimeout: Math.max(60_000, sessionTimeoutMs),
      maxWaitTimeInMs: FETCH_WAIT_MS,
      metadataMaxAge: metadataMaxAgeMs,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
    });
    consumer = current;
    const crashed = new Promise<Error>((resolve) => {
      current.on('consumer.crash', ({ payload }) => resolve(payload.error));
    });
    current.on('consumer.group_join', ({ payload }) => {
      if (!closing.signal.aborted) joined(current, payload.memberId, payload.memberAssignment);
    });
    try {
      await current.connect();
      await current.subscribe({ topics: [...options.topics], fromBeginning: true });
      await current.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: onBatch,
      });
      const error = await Promise.race([crashed, aborted(closing.signal)]);
      if (error) throw error;
    } finally {
      await within(CLOSE_WITHIN_MS, current.disconnect());
      member = undefined;
      release(() => false);
    }
  };

  const work = (async () => {
    let pause: number = RECONNECT_MS.first;
    while (!closing.signal.aborted) {
      const began = Date.now();
      try {
        await session();
      } catch (error) {
        options.onError?.(error);
      }
      pause = Date.now() - began > 60_000 ? RECONNECT_MS.first : Math.min(pause * 2, RECONNECT_MS.most);
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  })();

  return {
    assigned: () =>
      [...held.values()]
        .filter((holding) => holding.turn() !== undefined)
        .map(({ topic, partition }) => ({ topic, partition })),
    seek: (partition, offset) => {
      if (consumer) held.get(nameOf(partition))?.place(() => Promise.resolve({ wanted: offset }));
    },
    close: async () => {
      for (const holding of held.values()) holding.stop();
      closing.abort();
      await work;
    },
  };
}

export type Member = Subscription;

/** What tells a member that others have taken its partitions. */
const LOST = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'] as const;
const PARTITIONS_AT_ONCE = 64;

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

function only({ topic, partition }: TopicPartition) {
  return { topic, partitions: [partition] };
}

function* portions<Item>(items: readonly Item[], most: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += most) yield items.slice(at, at + most);
}

async function boundsOf(
  admin: OpenAdmin,
  group: string,
  { topic, partition }: TopicPartition,
): Promise<Pick<AssignedPartition, 'earliest' | 'end' | 'committed'>> {
  const [offsets, committed] = await Promise.all([
    admin.use((client) => client.fetchTopicOffsets(topic)),
    admin.use((client) => client.fetchOffsets({ groupId: group, topics: [topic] })),
  ]);
  const found = offsets.find((each) => each.partition === partition);
  if (!found) throw new Error(`The bus does not say where ${nameOf({ topic, partition })} begins and ends`);
  const hint = committed[0]?.partitions.find((each) => each.partition === partition)?.offset;
  return {
    earliest: BigInt(found.low),
    end: BigInt(found.high),
    committed: hint === undefined || BigInt(hint) < 0n ? null : BigInt(hint),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A client whose brokers are gone may take long to part with them: it is left to itself then. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  const late = sleep(ms, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([work.catch(() => undefined), late]);
  enough.abort();
}
