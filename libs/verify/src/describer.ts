import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { describeBatch, type DescribedBatch, type EntryBatch } from './describe-batch.js';

/** Describes batches, `lanes` of them at a time; answers come in the order of the questions. A batch is the describer’s own. */
export type Describer = {
  readonly lanes: number;
  readonly describe: (batch: EntryBatch) => Promise<DescribedBatch>;
  readonly stop: () => Promise<void>;
};

export const inThisThread: Describer = {
  lanes: 1,
  describe: (batch) => Promise.resolve(describeBatch(batch)),
  stop: () => Promise.resolve(),
};

/** Below this a thread costs more than it gives. */
const WORTH_THREADS_BYTES = 16 * 1024 * 1024;
const MAX_THREADS = 8;

/** A describer for a bundle of this many bytes. */
export function describerFor(bytes: number): Describer {
  const threads = Math.min(availableParallelism(), MAX_THREADS);
  return bytes < WORTH_THREADS_BYTES || threads < 2 ? inThisThread : inThreads(threads);
}

export function inThreads(
  threads: number,
  script = new URL('./describe-worker.js', import.meta.url),
): Describer {
  const lanes = Array.from({ length: threads }, () => startLane(new Worker(script)));
  let next = 0;
  return {
    lanes: threads,
    describe: (batch) => {
      const lane = lanes[next++ % threads];
      return lane ? lane.describe(batch) : Promise.reject(new Error('there are no threads'));
    },
    stop: async () => {
      await Promise.all(lanes.map((lane) => lane.worker.terminate()));
    },
  };
}

type Waiting = {
  readonly resolve: (described: DescribedBatch) => void;
  readonly reject: (error: Error) => void;
};

function startLane(worker: Worker): { worker: Worker; describe: Describer['describe'] } {
  const waiting: Waiting[] = [];
  worker.on('message', (described: DescribedBatch) => waiting.shift()?.resolve(described));
  worker.on('error', (error) => {
    for (const { reject } of waiting.splice(0))
      reject(error instanceof Error ? error : new Error(String(error)));
  });
  return {
    worker,
    describe: (batch) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        worker.postMessage(batch, [batch.leaves.buffer, batch.disclosures.buffer]);
      }),
  };
}
