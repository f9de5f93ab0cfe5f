import path from 'node:path';
import { type Given, runCommand } from '../../libs/service-host/src/command-line.ts';
import { build } from '../build/workspace.ts';
import { checksIn } from './checks.ts';
import { failed, inTurn, type Step, sum, tellTally } from './step.ts';
import { runSuites } from './suites.ts';

const root = path.resolve(import.meta.dirname, '../..');

const { types, golden, unused, format, rules, lint } = checksIn(root);
const built: Step = { name: 'build', run: () => build(root).then(() => ({ ok: true, output: '' }), failed) };
/** What `npm test` checks before the suites; the two lanes run side by side, a step each. Lint takes as long as all others together. */
const lanes: readonly (readonly Step[])[] = [[built, golden, types, format('.'), rules, unused], [lint('.')]];

const usage = `Usage: npm test [-- PATTERN...]

Checks types, golden files, unused code, format, rules and lint, then runs every suite; with patterns, the suites whose path matches, alone.
Ends with: N passed, N failed, N skipped.`;
const options = {} as const;

async function main({ positionals: patterns }: Given<typeof options>): Promise<void> {
  const steps = patterns.length === 0 ? lanes : [[built]];
  const checked = (await Promise.all(steps.map(inTurn))).flat();
  // Suites that start the services need them built.
  const suites = checked[0]?.failed ? { passed: 0, failed: 0, skipped: 0 } : await runSuites(root, patterns);
  tellTally(sum([...checked, suites]));
}

await runCommand({ usage, options, takesPositionals: true }, main);
