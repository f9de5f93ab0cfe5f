import path from 'node:path';
import { type Given, runCommand, UsageError, wholeNumber } from '../libs/service-host/src/command-line.ts';
import { build } from '../tools/build/workspace.ts';
import { type Bench, compete, type Result, type Row } from './harness.ts';
import { lineOf, report } from './report.ts';

const rows = [
  'append-1',
  'append-100',
  'relay-drain',
  'relay-lag',
  'kafka-client',
  'merkle',
  'ingest',
  'query',
  'export',
  'retention',
  'purge',
  'return',
  'verify',
  'gateway',
  'login',
  'webhooks',
] as const;
const root = path.join(import.meta.dirname, '..');

const usage = `Usage: npm run bench [-- ROW...] [--pairs 5] [--scale 1]

Measures the rows of docs/performance.md, each beside its peer in one run, or only the named ones: ${rows.join(', ')}.
No time is asserted; a row with an error is void.

  --pairs  rounds; each side runs once in a round
  --scale  smaller amounts and shorter runs, to check that it works: more than 0, at most 1`;
const options = {
  pairs: { type: 'string', default: '5' },
  scale: { type: 'string', default: '1' },
} as const;

async function main(given: Given<typeof options>): Promise<number> {
  const { wanted, pairs, scale } = read(given);
  // A figure is of this machine, not of a container's network (ADR 0024).
  process.env.VOUCHSAFE_CONTAINERS ??= 'off';
  await build(root);
  const results: Result[] = [];
  const failures: string[] = [];
  for (const name of rows.filter((row) => wanted.length === 0 || wanted.includes(row))) {
    process.stderr.write(`${name} ...\n`);
    const began = performance.now();
    const closing: (() => Promise<unknown>)[] = [];
    const bench: Bench = {
      afterwards: (close) => closing.unshift(close),
      seconds: scale < 1 ? 1 : 3,
      size: (full) => Math.max(1, Math.round(full * scale)),
      compete: async (contest) => {
        for (const result of await compete(name, contest, pairs)) {
          results.push(result);
          process.stderr.write(`  ${lineOf(result)}\n`);
        }
      },
    };
    try {
      const { row } = (await import(`./rows/${name}.ts`)) as { row: Row };
      await row.run(bench);
    } catch (error) {
      // One figure that cannot be had must not cost the others.
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
    }
    for (const close of closing)
      await close().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    process.stderr.write(`  ${Math.round((performance.now() - began) / 1000)} s\n`);
  }
  await report({ results, failures, fullSize: scale === 1 && pairs >= 5, pairs, scale });
  const isVoid = results.some((result) => result.status === 'measured' && result.errors > 0);
  return isVoid || failures.length > 0 ? 1 : 0;
}

function read({ values, positionals }: Given<typeof options>) {
  const unknown = positionals.filter((word) => !rows.some((row) => row === word));
  if (unknown.length > 0)
    throw new UsageError(`There is no row ${unknown.map((word) => JSON.stringify(word)).join(', ')}.`);
  const pairs = wholeNumber('--pairs', values.pairs, 1, 1000);
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1))
    throw new UsageError('--scale takes a number that is more than 0 and at most 1.');
  return { wanted: positionals, pairs, scale };
}

await runCommand({ usage, options, takesPositionals: true }, main);
