/**
 * `npm run bench [-- NAME...] [--pairs=5]`: every figure of performance.md beside its peer, as ratios of one run. Nothing is asserted by time;
 * a row with an error is void.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { compete, type Result } from './harness.ts';
import { report } from './report.ts';

const rows = [
  'append-1',
  'append-100',
  'merkle',
  'ingest',
  'query',
  'export',
  'verify',
  'gateway',
  'login',
] as const;
const root = path.join(import.meta.dirname, '..');

async function main(words: readonly string[]): Promise<void> {
  const pairs = Number(words.find((word) => word.startsWith('--pairs='))?.slice('--pairs='.length) ?? 5);
  const wanted = words.filter((word) => !word.startsWith('--'));
  const unknown = wanted.filter((word) => !rows.some((row) => row === word));
  if (unknown.length > 0) throw new Error(`No row ${unknown.join(', ')}; there are ${rows.join(', ')}`);
  build();
  const results: Result[] = [];
  for (const name of rows) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stderr.write(`${name} ...\n`);
    const { row } = (await import(`./rows/${name}.ts`)) as typeof import('./rows/append-1.ts');
    await row.run(async (contest) => {
      const result = await compete(name, contest, pairs);
      results.push(result);
      process.stderr.write(`  ${result.variant || name}: ${result.ratio.toFixed(2)} x ${result.peer}\n`);
    });
  }
  await report(results, path.join(root, 'benchmarks', 'results'));
}

/** The figures are those of what ships, so the built services and libraries run, not their sources. */
function build(): void {
  const { status } = spawnSync('npx', ['nx', 'run-many', '-t', 'build', '--output-style=static'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('The build failed: npm run build shows why');
}

await main(process.argv.slice(2));
