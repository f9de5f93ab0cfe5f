import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Measured } from './harness.ts';

/** Runs a pgbench script, prepared, and reads its transactions per second. */
export function pgbench(
  url: string,
  script: string,
  { clients, seconds }: { clients: number; seconds: number },
): Measured {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'vouchsafe-pgbench-')), 'script.sql');
  writeFileSync(file, script);
  const { stdout, stderr, status } = spawnSync(
    'pgbench',
    ['-n', '-M', 'prepared', '-c', `${clients}`, '-j', '1', '-T', `${seconds}`, '-f', file, url],
    { encoding: 'utf8' },
  );
  const perSecond = Number(/tps = ([0-9.]+)/.exec(stdout)?.[1]);
  if (status !== 0 || Number.isNaN(perSecond))
    throw new Error(`pgbench (package postgresql) failed: ${stderr}`);
  return { perSecond, errors: Number(/failed transactions: ([0-9]+)/.exec(stdout)?.[1] ?? 0) };
}
