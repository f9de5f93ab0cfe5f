import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from '../../tools/build/workspace.ts';
import { runJest } from '../../tools/test/jest.ts';
import { type Given, runCommand, wholeNumber } from '../../libs/service-host/src/command-line.ts';
import { root } from '../system/root.ts';
import { kinds } from './checker/finding.ts';
import type { Fault } from './faults.ts';
import type { FaultRun } from './harness.ts';

const usage = `Usage: npm run test:long -- [--kills 500] [--seed N] [--kafka [--away 300]] [--organizations 3] [--workers 9] [--histories 10000] [--simulated 200] [--time | --suites]

Kills and breaks a whole system under load, and after each round compares the answers that clients got with every store, every log
and Stripe's side.

  --kills  how many processes are killed at least
  --seed   the order of what goes wrong; printed at the beginning, so that a run can be repeated
  --kafka  on a real broker, which is killed, emptied, robbed of its topics' tails, and taken away at the end
  --away   for how many seconds; 300
  --organizations, --workers  how many there are, and how many clients use them
  --histories  how many histories of Stripe's events are shuffled, repeated and lost before that
  --simulated  how many organizations live for three years before that, while every deadline is checked
  --time   that alone
  --suites the suites that npm test leaves out (*.long.spec.ts) alone; they run before all of that`;
const options = {
  kills: { type: 'string', default: '500' },
  seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  organizations: { type: 'string', default: '3' },
  workers: { type: 'string', default: '9' },
  histories: { type: 'string', default: '10000' },
  simulated: { type: 'string', default: '200' },
  time: { type: 'boolean', default: false },
  suites: { type: 'boolean', default: false },
  kafka: { type: 'boolean', default: false },
  away: { type: 'string', default: '300' },
} as const;

interface Found {
  readonly round: number;
  readonly kind: string;
  readonly what: string;
}

async function main(given: Given<typeof options>): Promise<number> {
  const asked = read(given);
  await build(root);
  // The packages can be imported once they are built.
  const { startFaultRun } = await import('./harness.ts');
  const { roundOf, orders, kafkaOrders } = await import('./schedule.ts');
  const { others } = await import('./faults.ts');
  const { randomOf } = await import('./random.ts');

  const { seed, kafka } = asked;
  const { deadlinesHold } = await import('../simulation/long.ts');
  const stop = stopSignal();
  if (asked.suites) return (await suitesPass()) ? 0 : 1;
  if (asked.time) return (await deadlinesHold(seed, asked.simulated, stop)) ? 0 : 1;
  if (
    !(await suitesPass()) ||
    !(await historiesHold(asked)) ||
    !(await deadlinesHold(seed, asked.simulated, stop))
  )
    return 1;
  console.log(`Seed ${seed}; at least ${asked.kills} kills.`);
  const run = await startFaultRun(asked);
  if (run.noDisk !== null) console.log(`No full disk: ${run.noDisk}`);
  const random = randomOf(seed + 2);
  const order = kafka ? kafkaOrders : orders;
  const found: Found[] = [];
  let rounds = 0;
  const go = async (faults: readonly Fault[]): Promise<void> => {
    rounds += 1;
    const began = performance.now();
    const findings = await run.round(faults);
    const took = ((performance.now() - began) / 1000).toFixed(0);
    found.push(...findings.map((finding) => ({ round: rounds, ...finding })));
    const names = faults.map(({ name }) => name).join(', ');
    console.log(
      `round ${rounds}, ${took} s: ${killed(run.kills)} kills, ${findings.length} findings (${names})`,
    );
    for (const { kind, what } of findings.slice(0, 10)) console.log(`  ${kind}: ${what}`);
  };
  // What is wrong once is found again in every later round.
  const goOn = () => found.length === 0 && !stop.aborted;
  try {
    while (goOn() && killed(run.kills) < asked.kills)
      await go(roundOf(random, order[rounds % order.length] ?? []));
    if (goOn() && kafka) await go([others.kafkaAway]);
    if (stop.aborted) found.push({ round: rounds, kind: INCOMPLETE, what: 'stopped' });
    print(run, rounds, found);
  } catch (error) {
    console.log(`Round ${rounds} of seed ${seed} did not end:`, error);
    found.push({ round: rounds, kind: INCOMPLETE, what: String(error) });
  } finally {
    if (found.length > 0) await keepLogs(run, seed);
    await run.stop();
  }
  const failed = new Set(found.map(({ kind }) => kind)).size;
  const skipped = run.noDisk === null ? 0 : 1;
  console.log(`${kinds.length + 1 - failed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && !(process.env.CI && skipped > 0) ? 0 : 1;
}

async function suitesPass(): Promise<boolean> {
  const { failed } = await runJest(root, [], Boolean(process.env.CI), true);
  console.log(`The long suites: ${failed === 0 ? 'all pass' : `${failed} failed`}`);
  return failed === 0;
}

/** Billing's histories need no system: they are told to its deciders. */
async function historiesHold({ histories, seed }: ReturnType<typeof read>): Promise<boolean> {
  process.env.VOUCHSAFE_HISTORIES = String(histories);
  process.env.VOUCHSAFE_HISTORY_SEED = String(seed);
  const { failed } = await runJest(root, ['services/billing/src/observation/histories'], false);
  console.log(
    `${histories} histories of Stripe's events: ${failed === 0 ? 'all the same' : `${failed} failed`}`,
  );
  return failed === 0;
}

/** One check more than the kinds: that the run came to its end. */
const INCOMPLETE = 'it did not end';

function read({ values }: Given<typeof options>) {
  const number = (name: Exclude<keyof typeof options, 'kafka' | 'time' | 'suites'>): number =>
    wholeNumber(`--${name}`, values[name], 1, 9_999_999_999);
  return {
    kills: number('kills'),
    seed: number('seed'),
    organizations: number('organizations'),
    workers: number('workers'),
    histories: number('histories'),
    simulated: number('simulated'),
    time: values.time,
    suites: values.suites,
    kafka: values.kafka,
    kafkaAwayMs: number('away') * 1000,
    diskMb: 3072,
  };
}

/** The system's folder goes with it; what its services said is needed to understand what was found. */
async function keepLogs({ system }: FaultRun, seed: number): Promise<void> {
  const kept = path.join(tmpdir(), `vouchsafe-faults-${seed}-logs`);
  await cp(system.logsFolder, kept, { recursive: true });
  console.log(`What the services said: ${kept}`);
}

/** At the first Ctrl-C the round that goes on is the last one: nothing of the system is left behind. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) console.log('Stopping after this round ...');
      controller.abort();
    });
  }
  return controller.signal;
}

function killed(kills: ReadonlyMap<string, number>): number {
  return [...kills.values()].reduce((sum, count) => sum + count, 0);
}

function print({ kills, strikes, memory }: FaultRun, rounds: number, found: readonly Found[]): void {
  const lines: (readonly [string, number])[] = [
    ...[...kills].map(([name, count]) => [`killed: ${name}`, count] as const),
    ['killed in all', killed(kills)],
    ...[...strikes].map(([name, count]) => [`struck: ${name}`, count] as const),
    ['rounds', rounds],
    ['requests answered', memory.answered.length],
    ['requests never answered', [...memory.lost.values()].reduce((sum, count) => sum + count, 0)],
    [
      'entries acknowledged',
      memory.batches.reduce((sum, { locations }) => sum + (locations?.length ?? 0), 0),
    ],
    [
      'subscriptions answered',
      memory.creations.filter(({ what, id }) => what === 'subscription' && id !== null).length,
    ],
    ['of these cancelled', new Set(memory.cancelled).size],
    ['checkpoints seen', memory.checkpoints.length],
    ...kinds.map((kind) => [kind, found.filter((one) => one.kind === kind).length] as const),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  console.log('');
  for (const [name, count] of lines) console.log(`${name.padEnd(width)}  ${String(count).padStart(8)}`);
  console.log('');
}

await runCommand({ usage, options }, main);
