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

/** Each is told when it is done, with what it said where it did not hold. */
export async function inTurn(steps: readonly Step[]): Promise<Tally[]> {
  const tallies = [];
  for (const step of steps) {
    const began = performance.now();
    const { ok, output } = await step.run().catch(failed);
    console.log(
      `${ok ? 'ok    ' : 'FAILED'}  ${step.name} (${((performance.now() - began) / 1000).toFixed(1)} s)`,
    );
    if (!ok) console.log(output.trimEnd().replace(/^/gm, '  '));
    tallies.push({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });
  }
  return tallies;
}

export function failed(error: unknown) {
  return { ok: false, output: error instanceof Error ? error.message : String(error) };
}

export function sum(tallies: readonly Tally[]): Tally {
  const all = (name: keyof Tally) => tallies.reduce((total, tally) => total + tally[name], 0);
  return { passed: all('passed'), failed: all('failed'), skipped: all('skipped') };
}

/** The last line, and the exit code with it. */
export function tellTally({ passed, failed, skipped }: Tally): void {
  if (failed > 0) process.exitCode = 1;
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
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
