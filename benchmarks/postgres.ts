import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Measured } from './harness.ts';
import { run } from './programs.ts';

export const DURABLE = 'fsync on, synchronous_commit on';

/** Runs a pgbench script, prepared, and reads its transactions per second. */
export async function pgbench(
  url: string,
  script: string,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<Measured> {
  return withScript(script, async (file) => {
    const args = ['-n', '-M', 'prepared', '-c', `${clients}`, '-j', '1', '-T', `${seconds}`, '-f', file, url];
    const said = await run('pgbench', args);
    const perSecond = Number(/tps = ([0-9.]+)/.exec(said)?.[1]);
    if (Number.isNaN(perSecond)) throw new Error(`pgbench did not say how fast it was: ${said}`);
    return { perSecond, errors: Number(/failed transactions: ([0-9]+)/.exec(said)?.[1] ?? 0) };
  });
}

/** Runs a script of SQL and psql's own commands; stops at the first error. */
export function psql(url: string, script: string): Promise<string> {
  return withScript(script, (file) =>
    run('psql', ['-X', '-q', '-t', '-A', '-v', 'ON_ERROR_STOP=1', '-f', file, url]),
  );
}

/** A value as it stands in SQL text: a string, a number, or null. */
export function literal(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  throw new Error(`There is no literal for ${typeof value}`);
}

async function withScript<T>(script: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-bench-'));
  const file = path.join(folder, 'script.sql');
  await writeFile(file, script);
  try {
    return await work(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}
