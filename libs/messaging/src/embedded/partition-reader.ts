import type { AssignedPartition, SubscribeOptions } from '../bus.js';
import type { Log } from './log.js';
import { wakeable } from '../wakeable.js';

const IDLE_MS = 5_000;
const RETRY_MS = { first: 50, most: 5_000 } as const;

/** Reads one partition for as long as this member holds it. */
export function readPartition(
  log: Log,
  topicId: number,
  held: Pick<AssignedPartition, 'topic' | 'partition' | 'committed'>,
  options: SubscribeOptions,
) {
  const { topic, partition } = held;
  const stopped = new AbortController();
  const wake = wakeable();
  let end = 0n;
  let next: bigint | undefined;
  let sought: bigint | 'earliest' | undefined;

  const place = async (wanted: bigint | 'earliest' | 'end'): Promise<void> => {
    const bounds = await log.bounds(topicId, partition);
    end = bounds.end;
    if (wanted === 'end') next = bounds.end;
    else if (wanted === 'earliest' || wanted < bounds.earliest || wanted > bounds.end) next = bounds.earliest;
    else next = wanted;
  };

  const start = async (): Promise<void> => {
    const assigned = { ...held, ...(await log.bounds(topicId, partition)) };
    await place(await options.startFrom(assigned));
    options.onAssigned?.(assigned);
  };

  /** Whether there was something to do. */
  const step = async (): Promise<boolean> => {
    if (next === undefined) await start();
    if (sought !== undefined) {
      const to = sought;
      sought = undefined;
      await place(to);
    }
    const from = next ?? 0n;
    // The log ends before our place: it was emptied or replaced under us.
    if (from > end) await place(from);
    if (from >= end) return false;
    const messages = await log.read(topicId, partition, from, options.maxBatch ?? 500);
    const last = messages.at(-1);
    if (!last) {
      await place(from);
      return (next ?? 0n) < end;
    }
    await options.onBatch({
      topic,
      partition,
      messages,
      end,
      signal: stopped.signal,
    });
    next = last.offset + 1n;
    return true;
  };

  const work = (async () => {
    let pause: number = RETRY_MS.first;
    while (!stopped.signal.aborted) {
      try {
        const busy = await step();
        pause = RETRY_MS.first;
        if (!busy) await wake.wait(IDLE_MS);
      } catch (error) {
        options.onError?.(error);
        await wake.wait(pause);
        pause = Math.min(pause * 2, RETRY_MS.most);
      }
    }
  })();

  return {
    topicId,
    topic,
    partition,
    /** What the next reader may start from; undefined before the first batch. */
    next: () => next,
    seek: (offset: bigint | 'earliest'): void => {
      sought = offset;
      wake.raise();
    },
    /** The poll saw the partition end here; whether that was news. */
    sawEnd: (seen: bigint): boolean => {
      const news = seen !== end;
      end = seen;
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
