import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface SourceProcess {
  readonly child: ChildProcess;
  /** The first line of standard output that matches; rejects when the process ends before. */
  line(pattern: RegExp): Promise<string>;
  /** Sends the signal to this process alone. */
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
  /** Everything that it has written so far, to both outputs. */
  output(): string;
}

/** Starts a TypeScript file of the workspace as a process of its own, in order to kill, stop or restart it. */
export function startFromSource(file: string, env: Readonly<Record<string, string>>): SourceProcess {
  const hooks = fileURLToPath(import.meta.resolve('./source-hooks.mjs'));
  const child = spawn(process.execPath, ['--conditions=source', '--import', hooks, file], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text;
      for (const listener of listeners) listener();
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    child,
    exited,
    signal: (name) => void child.kill(name),
    output: () => written,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = written.split('\n').find((line) => pattern.test(line));
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        void exited.then((code) => reject(new Error(`It ended with ${code}:\n${written}`)));
        look();
      }),
  };
}
