import path from 'node:path';
import { runProgram, type Step } from './step.ts';

/** The checks of a working tree besides its suites. */
export function checksIn(root: string) {
  const program = (name: string, script: string, ...args: string[]): Step => ({
    name,
    run: () => runProgram(root, path.join(root, script), args),
  });
  const packaged = (name: string, script: string, ...args: string[]) =>
    program(name, `node_modules/${script}`, ...args);
  return {
    types: packaged('type check', 'typescript/bin/tsc', '-p', 'tsconfig.json'),
    golden: program('golden files', 'tools/golden/golden.ts', '--check'),
    unused: packaged('unused exports', 'knip/bin/knip.js', '--no-progress'),
    format: (...folders: string[]) =>
      packaged(
        'format',
        'prettier/bin/prettier.cjs',
        ...['--check', '--log-level', 'warn', '--cache', ...folders],
      ),
    rules: packaged(
      'dependency rules',
      'dependency-cruiser/bin/dependency-cruise.mjs',
      ...['--config', '.dependency-cruiser.mjs', 'libs', 'services', 'tests', 'tools', 'benchmarks'],
    ),
    lint: (...folders: string[]) =>
      packaged(
        'lint',
        'eslint/bin/eslint.js',
        ...folders,
        ...['--cache', '--cache-location', 'node_modules/.cache/eslint/', '--max-warnings', '0'],
      ),
  };
}
