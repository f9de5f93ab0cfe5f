import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from './root.ts';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs an operator's command as `npm run` would, on the folder of a system under test. */
export function runTool(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return startTool(script, args, env).ended;
}

export interface Running {
  /** At once, as by `kill -9`. */
  readonly kill: () => void;
  readonly ended: Promise<Ran>;
}

export function startTool(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [path.join(root, 'tools', script), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', VOUCHSAFE_ENVIRONMENT: 'testing', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
  return { kill: () => child.kill('SIGKILL'), ended };
}
