import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { Bus, IncomingMessage, SubscribeOptions } from '../bus.js';
import {
  startWorker,
  type WorkerMessage,
  type WorkerProcess,
  type WorkerReport,
  type WorkerTask,
} from './worker-process.js';

export interface BusUnderTest {
  /** File that exports `openBus(options: unknown): Bus`, for processes of their own. */
  readonly module: string;
  /** JSON; a member that is killed counts as dead after `deadAfterMs` of these at the latest. */
  readonly options: unknown;
  readonly bus: Bus;
  /** Puts a new, empty bus in the place of the old one, under the feet of everybody connected. */
  empty(): Promise<void>;
  /** Changes a topic's retention by hand, as an operator would. */
  keepFor(topic: string, retentionMs: number): Promise<void>;
  /** Does now what the bus does from time to time: closes old segments, drops those past their retention. */
  retain(): Promise<void>;
  stop(): Promise<void>;
}

export const PARTITIONS = 4;

/** A bus for a suite, a topic for each of its tests, and what the tests do with them. */
export function busSuite(make: () => Promise<BusUnderTest>) {
  let under: BusUnderTest;
  let topic = '';
  let topics = 0;
  const workers: WorkerProcess[] = [];
  beforeAll(async () => {
    under = await make();
  });
  afterAll(() => under.stop());
  beforeEach(async () => {
    topics += 1;
    topic = `topic-${topics}`;
    await under.bus.ensureTopics([spec()]);
  });
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.kill())));

  const spec = (more = {}) => ({
    name: topic,
    partitions: PARTITIONS,
    retentionMs: 3_600_000,
    segmentMs: 3_600_000,
    ...more,
  });
  const worker = (task: WorkerTask, all?: WorkerReport[]): WorkerProcess => {
    const started = startWorker(under.module, under.options, task, all);
    workers.push(started);
    return started;
  };
  const publisher = (keys: readonly string[], batches: number) =>
    worker({ role: 'publish', topic, keys, batches });
  const member = (group: string, pauseMs = 0, all?: WorkerReport[]) =>
    worker({ role: 'consume', topic, group, pauseMs }, all);
  const say = (key: string, ...values: string[]) =>
    under.bus.send(
      topic,
      values.map((value) => ({ key, headers: {}, value })),
    );

  /** Reads in this process, as a group of its own. */
  const read = async (more: Partial<SubscribeOptions> = {}) => {
    const seen: (IncomingMessage & { partition: number })[] = [];
    const subscription = await under.bus.subscribe({
      group: `reader of ${topic}`,
      topics: [topic],
      startFrom: () => Promise.resolve('earliest' as const),
      onBatch: ({ partition, messages }) => {
        seen.push(...messages.map((message) => ({ ...message, partition })));
        return Promise.resolve();
      },
      ...more,
    });
    return { seen, subscription };
  };

  return {
    get under() {
      return under;
    },
    get bus() {
      return under.bus;
    },
    get topic() {
      return topic;
    },
    set topic(name) {
      topic = name;
    },
    ...{ spec, publisher, member, say, read },
  };
}

export type BusSuite = ReturnType<typeof busSuite>;

export function done(publisher: WorkerProcess): () => boolean {
  return () => publisher.reports.some(({ kind }) => kind === 'done');
}

/** Partitions that are assigned to a member now. */
export function assigned(worker: WorkerProcess | undefined): Set<number> {
  const partitions = new Set<number>();
  for (const said of worker?.reports ?? []) {
    if (said.kind === 'assigned') partitions.add(said.partition);
    if (said.kind === 'revoked') partitions.delete(said.partition);
  }
  return partitions;
}

export function messagesOf(reports: readonly WorkerReport[]): (WorkerMessage & { partition: number })[] {
  return reports.flatMap((said) =>
    said.kind === 'batch' ? said.messages.map((message) => ({ ...message, partition: said.partition })) : [],
  );
}
