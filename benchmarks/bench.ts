/**
 * `npm run bench [-- NAME...] [--pairs=5] [--scale=1]`: every figure of docs/performance.md beside its peer, as ratios of one run.
 * Nothing is asserted by time; a line with an error is void.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../tools/start/build.ts';
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
  'verify',
  'gateway',
  'login',
] as const;
const root = path.join(import.meta.dirname, '..');

async function main(): Promise<void> {
  const { wanted, pairs, scale } = options();
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
  process.exitCode = isVoid || failures.length > 0 ? 1 : 0;
}

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { pairs: { type: 'string', default: '5' }, scale: { type: 'string', default: '1' } },
  });
  const unknown = positionals.filter((word) => !rows.some((row) => row === word));
  if (unknown.length > 0) throw new Error(`No row ${unknown.join(', ')}; there are ${rows.join(', ')}`);
  const [pairs, scale] = [Number(values.pairs), Number(values.scale)];
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error('--pairs is a whole number of rounds');
  if (!(scale > 0 && scale <= 1)) throw new Error('--scale lies between 0 and 1');
  return { wanted: positionals, pairs, scale };
}

await main();
