import { cpSync, existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Given, runCommand } from '../../libs/service-host/src/command-line.ts';
import { checksIn } from './checks.ts';
import { runJest } from './jest.ts';
import { inTurn, runProgram, type Step, sum, type Tally, tellTally } from './step.ts';

const root = path.resolve(import.meta.dirname, '../..');
const name = 'ledger';

/** Suites that a new service must pass: its own, those of the list, and of the system those that try each operation and each service's part. */
const suites = [
  `services/${name}`,
  'libs/contracts',
  'tools/(rules/(services|catalog-rules|upcast-rules|destructive-paths)|docs)',
  String.raw`tests/(documents|agreement)\.spec`,
];

const usage = `Usage: npm run test:service [-- PATTERN...]

Generates a service in a copy of this working tree, and checks there what npm test checks, in the suites that a new service must pass or in
those whose path matches.`;
const options = {} as const;

async function main({ positionals }: Given<typeof options>): Promise<void> {
  tellTally(await inCopy(positionals));
}

async function inCopy(patterns: readonly string[]): Promise<Tally> {
  const copy = await mkdtemp(path.join(tmpdir(), 'vouchsafe-service-'));
  try {
    copyTree(copy);
    const tally = sum(await check(copy));
    if (tally.failed > 0) return tally;
    const wanted = patterns.length > 0 ? patterns : suites;
    return sum([tally, await runJest(copy, wanted, Boolean(process.env.CI))]);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function check(copy: string): Promise<Tally[]> {
  const { types, golden, unused, format, rules, lint } = checksIn(copy);
  const generated: Step = {
    name: 'generate a service',
    run: () => runProgram(copy, path.join(copy, 'tools/generate/generate.ts'), ['service', name]),
  };
  const touched = [`services/${name}`, 'libs/contracts', 'services/gateway', 'tests'];
  const made = await inTurn([generated]);
  if (sum(made).failed > 0) return made;
  const lanes = [[golden, types, format(...touched), rules, unused], [lint(...touched)]];
  return [...made, ...(await Promise.all(lanes.map(inTurn))).flat()];
}

/** All but what is made; the packages are links, but for our own, which are the copy's. */
function copyTree(copy: string): void {
  const made = /(^|\/)(node_modules|dist)$|^(\.git|\.nx|data|tour-output)$/;
  cpSync(root, copy, { recursive: true, filter: (source) => !made.test(path.relative(root, source)) });
  const [from, to] = [path.join(root, 'node_modules'), path.join(copy, 'node_modules')];
  mkdirSync(path.join(to, '@vouchsafe'), { recursive: true });
  for (const entry of readdirSync(from)) {
    if (['@vouchsafe', '.cache', '.package-lock.json'].includes(entry)) continue;
    symlinkSync(path.join(from, entry), path.join(to, entry));
  }
  cpSync(path.join(from, '.package-lock.json'), path.join(to, '.package-lock.json'));
  // What the compiler knows of the files that are alike; there is none where nobody has checked types yet.
  const known = '.cache/tsconfig.tsbuildinfo';
  if (existsSync(path.join(from, known))) cpSync(path.join(from, known), path.join(to, known));
  for (const entry of readdirSync(path.join(from, '@vouchsafe')))
    symlinkSync(readlinkSync(path.join(from, '@vouchsafe', entry)), path.join(to, '@vouchsafe', entry));
  symlinkSync(path.join(root, 'benchmarks/node_modules'), path.join(copy, 'benchmarks/node_modules'));
}

await runCommand({ usage, options, takesPositionals: true }, main);
