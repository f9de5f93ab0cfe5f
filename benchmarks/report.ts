import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Result } from './harness.ts';

/** Prints the table and keeps it with what it was measured on. */
export async function report(results: readonly Result[], folder: string): Promise<void> {
  const lines = [
    '| figure | conditions | ours/s | beside | its/s | ratio | at least | |',
    '|---|---|---|---|---|---|---|---|',
    ...results.map(line),
  ];
  const text = [`# ${new Date().toISOString()}`, '', machine(), '', ...lines, ''].join('\n');
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${new Date().toISOString().slice(0, 16).replaceAll(':', '')}.md`);
  await writeFile(file, text);
  process.stdout.write(`Kept in ${path.relative(process.cwd(), file)}\n`);
}

function line({ row, variant, conditions, ours, peer, theirs, ratio, atLeast, errors }: Result): string {
  const verdict = errors > 0 ? `void: ${errors} errors` : ratio >= atLeast ? 'reached' : 'not reached';
  const name = variant ? `${row}, ${variant}` : row;
  return `| ${[name, conditions, round(ours), peer, round(theirs), `${ratio.toFixed(2)} x`, `${atLeast} x`, verdict].join(' | ')} |`;
}

function round(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString('en-US') : figure.toPrecision(3);
}

function machine(): string {
  const cpu = os.cpus()[0]?.model ?? 'unknown processor';
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim();
  return [
    `${os.cpus().length} x ${cpu}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`,
    `Node ${process.version}, Postgres 18 (fsync on, synchronous_commit on), commit ${commit}`,
  ].join('; ');
}
