import path from 'node:path';
import { build } from '../start/build.ts';
import { failed, inTurn, runProgram, type Step, sum, type Tally, tellTally } from './step.ts';
import { runSuites } from './suites.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** What `npm test` checks before the suites; the two lanes run side by side, a step each. */
const lanes: readonly (readonly Step[])[] = [
  [
    { name: 'build', run: () => build(root).then(() => ({ ok: true, output: '' }), failed) },
    program('type check', 'typescript/bin/tsc', '-p', 'tsconfig.json'),
    {
      name: 'golden files',
      run: () => runProgram(root, path.join(root, 'tools/golden/golden.ts'), ['--check']),
    },
    program('unused exports', 'knip/bin/knip.js', '--no-progress'),
  ],
  [
    program('format', 'prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '--cache', '.'),
    program(
      'dependency rules',
      'dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.mjs',
      'libs',
      'services',
      'tests',
      'tools',
      'benchmarks',
    ),
    program(
      'lint',
      'eslint/bin/eslint.js',
      '.',
      '--cache',
      '--cache-location',
      'node_modules/.cache/eslint/',
      '--max-warnings',
      '0',
    ),
  ],
];

/** `npm test`, or `npm test -- PATTERN` for the suites whose path matches. Ends with `N passed, N failed, N skipped`. */
async function main(patterns: readonly string[]): Promise<Tally> {
  const steps = patterns.length === 0 ? lanes : [[lanes[0]?.[0] ?? unreachable()]];
  const checked = (await Promise.all(steps.map(inTurn))).flat();
  // Suites that start the services need them built.
  const suites = checked[0]?.failed ? { passed: 0, failed: 0, skipped: 0 } : await runSuites(root, patterns);
  return sum([...checked, suites]);
}

function program(name: string, script: string, ...args: string[]): Step {
  return { name, run: () => runProgram(root, path.join(root, 'node_modules', script), args) };
}

function unreachable(): never {
  throw new Error('The first lane begins with the build');
}

tellTally(await main(process.argv.slice(2)));
