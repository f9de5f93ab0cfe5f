import type { AssignedPartition, SubscribeOptions } from '../bus.js';
import type { Log } from './log.js';
import { wakeable } from '../wakeable.js';

const IDLE_MS = 5_000;
const RETRY_MS = { first: 50, most: 5_000 } as const;

/** Reads one partition for as long as it is assigned to this member. */
export function readPartition(
  log: Log,
  topicId: number,
  partitionAssigned: Pick<AssignedPartition, 'topic' | 'partition' | 'committed'>,
  options: SubscribeOptions,
) {
  const { topic, partition } = partitionAssigned;
  const stopped = new AbortController();
  const wake = wakeable();
  const offset = offsetIn(log, topicId, partition);
  let sought: bigint | 'earliest' | undefined;

  /** Whether there was something to do. */
  const step = async (): Promise<boolean> => {
    if (offset.next() === undefined) {
      const assigned = { ...partitionAssigned, ...(await log.bounds(topicId, partition)) };
      await offset.position(await options.startFrom(assigned));
      options.onAssigned?.(assigned);
    }
    if (sought !== undefined) {
      const to = sought;
      sought = undefined;
      await offset.position(to);
    }
    return readNextBatch(log, topicId, partitionAssigned, offset, options, stopped.signal);
  };

  const work = repeat(step, stopped.signal, wake, options.onError);

  return {
    topicId,
    topic,
    partition,
    /** What the next reader may start from; undefined before the first batch. */
    next: offset.next,
    seek: (to: bigint | 'earliest'): void => {
      sought = to;
      wake.raise();
    },
    /** The poll saw the partition end here; whether that was news. */
    sawEnd: (seen: bigint): boolean => {
      const news = offset.sawEnd(seen);
      if (news) wake.raise();
      return news;
    },
    stopping: () => stopped.signal.aborted,
    /** Resolves when the running batch has ended. */
    stop: (): Promise<void> => {
      stopped.abort();
      wake.raise();
      return work;
    },
  };
}

export type PartitionReader = ReturnType<typeof readPartition>;

/** How far a partition is read, and where it ends as far as is known. */
function offsetIn(log: Log, topicId: number, partition: number) {
  let end = 0n;
  let next: bigint | undefined;
  return {
    next: () => next,
    end: () => end,
    /** An offset outside of what the log holds means its beginning. */
    position: async (wanted: bigint | 'earliest' | 'end'): Promise<void> => {
      const bounds = await log.bounds(topicId, partition);
      end = bounds.end;
      if (wanted === 'end') next = bounds.end;
      else if (wanted === 'earliest' || wanted < bounds.earliest || wanted > bounds.end)
        next = bounds.earliest;
      else next = wanted;
    },
    passed: (last: bigint): void => {
      next = last + 1n;
    },
    sawEnd: (seen: bigint): boolean => {
      const news = seen !== end;
      end = seen;
      return news;
    },
  };
}

/** Hands the next batch on. @returns whether there was one, or the offset had to be corrected */
async function readNextBatch(
  log: Log,
  topicId: number,
  { topic, partition }: Pick<AssignedPartition, 'topic' | 'partition'>,
  offset: ReturnType<typeof offsetIn>,
  options: SubscribeOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const from = offset.next() ?? 0n;
  // The log ends before our offset: it was emptied or replaced in the meantime.
  if (from > offset.end()) await offset.position(from);
  if (from >= offset.end()) return false;
  const messages = await log.read(topicId, partition, from, options.maxBatch ?? 500);
  const last = messages.at(-1);
  if (!last) {
    await offset.position(from);
    return (offset.next() ?? 0n) < offset.end();
  }
  await options.onBatch({ topic, partition, messages, end: offset.end(), signal });
  offset.passed(last.offset);
  return true;
}

async function repeat(
  step: () => Promise<boolean>,
  stopped: AbortSignal,
  wake: ReturnType<typeof wakeable>,
  onError: SubscribeOptions['onError'],
): Promise<void> {
  let pause: number = RETRY_MS.first;
  while (!stopped.aborted) {
    try {
      const busy = await step();
      pause = RETRY_MS.first;
      if (!busy) await wake.wait(IDLE_MS);
    } catch (error) {
      onError?.(error);
      await wake.wait(pause);
      pause = Math.min(pause * 2, RETRY_MS.most);
    }
  }
}
