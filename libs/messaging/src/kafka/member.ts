import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import type { SubscribeOptions, Subscription } from '../bus.js';
import type { OpenAdmin } from './admin.js';
import { RETRY } from './client.js';
import { type Assignments, assignmentsOf } from './assignments.js';
import type { KafkaOptions } from './kafka-options.js';
import { readBatch } from './read-batch.js';
import { partitionsOf } from './topics.js';

/** A fetch that finds nothing is answered after so long. */
const FETCH_WAIT_MS = 250;
const RECONNECT_MS = { first: 100, most: 2_000 } as const;
const CLOSE_WITHIN_MS = 15_000;
const PARTITIONS_AT_ONCE = 64;

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
  const assignments = assignmentsOf(admin, options);

  const session = async (): Promise<void> => {
    // kafkajs takes long to say which one is missing.
    for (const topic of options.topics) await partitionsOf(admin, topic);
    const consumer = consumerOf(kafka, options.group, sessionTimeoutMs, metadataMaxAgeMs);
    await readUntilClosed(consumer, assignments, options, sessionTimeoutMs, closing.signal);
  };

  const work = again(session, options, closing.signal);

  return {
    assigned: () =>
      assignments
        .all()
        .filter((assignment) => assignment.turn() !== undefined)
        .map(({ topic, partition }) => ({ topic, partition })),
    seek: (partition, offset) => {
      assignments.of(partition)?.position(() => Promise.resolve({ wanted: offset }));
    },
    close: async () => {
      for (const assignment of assignments.all()) assignment.stop();
      closing.abort();
      await work;
    },
  };
}

export type Member = Subscription;

function consumerOf(kafka: Kafka, groupId: string, sessionTimeout: number, metadataMaxAge: number): Consumer {
  return kafka.consumer({
    groupId,
    sessionTimeout,
    heartbeatInterval: Math.floor(sessionTimeout / 6),
    rebalanceTimeout: Math.max(60_000, sessionTimeout),
    maxWaitTimeInMs: FETCH_WAIT_MS,
    metadataMaxAge,
    allowAutoTopicCreation: false,
    retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
  });
}

/** Reads until the consumer crashes, which is thrown, or the subscription closes. */
async function readUntilClosed(
  consumer: Consumer,
  assignments: Assignments,
  options: SubscribeOptions,
  sessionTimeoutMs: number,
  closing: AbortSignal,
): Promise<void> {
  const crashed = new Promise<Error>((resolve) => {
    consumer.on('consumer.crash', ({ payload }) => resolve(payload.error));
  });
  consumer.on('consumer.group_join', ({ payload }) => {
    if (!closing.aborted) assignments.joined(consumer, payload.memberId, payload.memberAssignment);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (fetched) => readBatch(fetched, assignments, options, sessionTimeoutMs),
    });
    const error = await Promise.race([crashed, aborted(closing)]);
    if (error) throw error;
  } finally {
    await within(CLOSE_WITHIN_MS, consumer.disconnect());
    assignments.left();
  }
}

/** One session after the other, for as long as the subscription is open. */
async function again(
  session: () => Promise<void>,
  options: SubscribeOptions,
  closing: AbortSignal,
): Promise<void> {
  let pause: number = RECONNECT_MS.first;
  while (!closing.aborted) {
    const began = Date.now();
    try {
      await session();
    } catch (error) {
      options.onError?.(error);
    }
    pause = Date.now() - began > 60_000 ? RECONNECT_MS.first : Math.min(pause * 2, RECONNECT_MS.most);
    await sleep(pause, undefined, { signal: closing }).catch(() => undefined);
  }
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
