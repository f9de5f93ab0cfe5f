import { Worker, type MessagePort } from 'node:worker_threads';
import { checkRun, type CheckedRun, type Run } from './entries/check-run.js';
import type { RunChecker } from './entries/verify-entries.js';

/**
 * Checks runs of entries in threads that run `program`, which calls `serveRuns`. They do what this thread would do, by the same
 * function, and decide nothing. A thread that cannot start, fails or ends by itself makes `check` reject.
 */
export function startThreads(program: URL, count: number): RunChecker {
  const threads = Array.from({ length: count }, () => startThread(program));
  let next = 0;
  return {
    // For each thread one that it works on, and one that waits.
    ahead: 2 * count,
    check: (run) => {
      const thread = threads[next++ % count];
      if (!thread) throw new Error('Give one thread or more');
      return thread.check(run);
    },
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/** In a thread: answers each run that is sent, in their order. */
export function serveRuns(port: MessagePort): void {
  port.on('message', (run: Run) => port.postMessage(checkRun(run)));
}

type Thread = Omit<RunChecker, 'ahead'>;
type Waiting = {
  readonly resolve: (checked: CheckedRun) => void;
  readonly reject: (because: Error) => void;
};

function startThread(program: URL): Thread {
  const worker = new Worker(program);
  const waiting: Waiting[] = [];
  let failed: Error | undefined;
  const fail = (because: Error): void => {
    failed ??= because;
    for (const one of waiting.splice(0)) one.reject(failed);
  };
  worker.on('message', (checked: CheckedRun) => waiting.shift()?.resolve(checked));
  worker.on('messageerror', fail);
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`A thread ended by itself (${code})`)));
  return {
    check: (run) =>
      new Promise((resolve, reject) => {
        if (failed) {
          reject(failed);
          return;
        }
        waiting.push({ resolve, reject });
        worker.postMessage(run);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
}
