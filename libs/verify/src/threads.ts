import { Worker, type MessagePort } from 'node:worker_threads';
import { checkRun, type CheckedRun, type Run } from './entries/check-run.js';
import type { RunChecker } from './entries/verify-entries.js';

/**
 * Runs of entries, checked by threads of `program`, each of which calls `serveRuns`. They do what this thread would do, by the
 * same function; nothing is decided there. A thread that cannot start or ends by itself makes `check` reject.
 */
export function startThreads(program: URL, count: number): RunChecker {
  const threads = Array.from({ length: count }, () => startThread(program));
  let next = 0;
  return {
    // One that each works on, and one that waits for each.
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

/** In a thread: checks what is sent, in the order in which it comes. */
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
