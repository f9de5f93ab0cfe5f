import { spawn } from 'node:child_process';

/** One check that is not a suite; it counts as one test. */
export interface Step {
  readonly name: string;
  /** @returns whether it held, and what to show when it did not */
  readonly run: () => Promise<{ readonly ok: boolean; readonly output: string }>;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export async function runProgram(root: string, script: string, args: readonly string[]) {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { ok: code === 0, output };
}
