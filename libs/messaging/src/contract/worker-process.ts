import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export type WorkerTask =
  | {
      readonly role: 'publish';
      readonly topic: string;
      readonly keys: readonly string[];
      readonly batches: number;
    }
  | { readonly role: 'consume'; readonly topic: string; readonly group: string; readonly pauseMs: number };

export interface WorkerMessage {
  readonly offset: string;
  readonly key: string | null;
  readonly value: string;
}

export type WorkerReport =
  | { readonly kind: 'acknowledged'; readonly upTo: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'assigned'; readonly partition: number }
  | { readonly kind: 'revoked'; readonly partition: number }
  | { readonly kind: 'begun'; readonly partition: number; readonly first: string }
  | { readonly kind: 'batch'; readonly partition: number; readonly messages: readonly WorkerMessage[] };

export interface ScriptProcess {
  /** SIGKILL: no handler of the process runs. */
  kill(): Promise<void>;
  /** SIGTERM: it leaves its group. */
  stop(): Promise<void>;
  /** SIGSTOP, as a machine that is suspended. */
  freeze(): void;
  thaw(): void;
}

export interface WorkerProcess extends ScriptProcess {
  /** What it has said so far. */
  readonly reports: readonly WorkerReport[];
}

/** @param module file that exports `openBus(options)`, in TypeScript */
export function startWorker(
  module: string,
  options: unknown,
  task: WorkerTask,
  all: WorkerReport[] = [],
): WorkerProcess {
  const reports: WorkerReport[] = [];
  const script = path.join(import.meta.dirname, 'worker.ts');
  const running = startScript(script, { module, options, task }, (line) => {
    const said = JSON.parse(line) as WorkerReport;
    reports.push(said);
    all.push(said);
  });
  return { ...running, reports };
}

/** Runs a TypeScript file as a process of its own; `argument` is its first argument, as JSON. */
export function startScript(
  script: string,
  argument: unknown,
  onLine: (line: string) => void = () => undefined,
): ScriptProcess {
  const hook = path.join(import.meta.dirname, 'typescript-hook.mjs');
  const child = spawn(
    process.execPath,
    [
      '--experimental-transform-types',
      '--conditions=source',
      '--no-warnings',
      '--import',
      hook,
      script,
      JSON.stringify(argument),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: {} },
  );
  createInterface(child.stdout).on('line', onLine);
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}
