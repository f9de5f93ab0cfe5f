import path from 'node:path';
import { build } from '../start/build.ts';
import { checksIn } from './checks.ts';
import { failed, inTurn, type Step, sum, type Tally, tellTally } from './step.ts';
import { runSuites } from './suites.ts';

const root = path.resolve(import.meta.dirname, '../..');

const { types, golden, unused, format, rules, lint } = checksIn(root);
const built: Step = { name: 'build', run: () => build(root).then(() => ({ ok: true, output: '' }), failed) };
/** What `npm test` checks before the suites; the two lanes run side by side, a step each. */
const lanes: readonly (readonly Step[])[] = [
  [built, types, golden, unused],
  [format, rules, lint('.')],
];

/** `npm test`, or `npm test -- PATTERN` for the suites whose path matches. Ends with `N passed, N failed, N skipped`. */
async function main(patterns: readonly string[]): Promise<Tally> {
  const steps = patterns.length === 0 ? lanes : [[built]];
  const checked = (await Promise.all(steps.map(inTurn))).flat();
  // Suites that start the services need them built.
  const suites = checked[0]?.failed ? { passed: 0, failed: 0, skipped: 0 } : await runSuites(root, patterns);
  return sum([...checked, suites]);
}

tellTally(await main(process.argv.slice(2)));
