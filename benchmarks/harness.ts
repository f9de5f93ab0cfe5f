import { missingProgram, type Program } from './programs.ts';

/** One run of one side: how many operations came about per second, and how many failed. */
export interface Measured {
  readonly perSecond: number;
  readonly errors: number;
  /** Resident set of the process that did it, where the figure has a bound on memory: when it began, and at its largest. */
  readonly memoryMb?: { readonly before: number; readonly peak: number };
}

export type Side = () => Promise<Measured>;

/** What a figure means nothing without. */
export interface Conditions {
  /** `16 writers` */
  readonly concurrency: string;
  /** `300 B an event` */
  readonly payload: string;
  /** `fsync on, synchronous_commit on`; `none: in memory` */
  readonly durability: string;
}

export interface Peer {
  readonly name: string;
  /** Least ratio of our operations per second to the peer's that docs/performance.md asks for. */
  readonly atLeast: number;
  readonly run: Side;
  /** Programs of the machine that this peer is made of; where one is missing, only its line says so. */
  readonly needs?: readonly Program[];
}

/** A figure of docs/performance.md, ready to be run: every side on the same data, in turns. */
export interface Contest {
  /** What sets this line apart from the row's others, such as `16 writers`. */
  readonly variant: string;
  readonly conditions: Conditions;
  readonly ours: Side;
  readonly peers: readonly Peer[];
  /** Whether a run of each side goes before that does not count: for caches, JIT, connections. Long runs need none. */
  readonly warmUp?: boolean;
  readonly memoryBelowMb?: number;
}

export interface Bench {
  /** Seconds that a side which runs by time takes. */
  readonly seconds: number;
  /** A full size, scaled by `--scale`. */
  readonly size: (full: number) => number;
  readonly compete: (contest: Contest) => Promise<void>;
  /** What the row has opened is closed when it ends, well or not; the last first. */
  readonly afterwards: (close: () => Promise<unknown>) => void;
}

export interface Row {
  /** Sets up, and hands over the contests one after the other. */
  readonly run: (bench: Bench) => Promise<void>;
}

export type Result = Pick<Contest, 'variant' | 'conditions'> & {
  readonly row: string;
  readonly peer: string;
} & (
    | {
        readonly status: 'measured';
        readonly ours: number;
        readonly theirs: number;
        readonly ratio: number;
        readonly atLeast: number;
        readonly errors: number;
        readonly pairs: number;
        readonly memory?: NonNullable<Measured['memoryMb']> & { readonly below: number };
      }
    | { readonly status: 'skipped'; readonly why: string }
  );

/** Interleaved rounds, so that a noisy moment hits every side; medians of each. */
export async function compete(row: string, contest: Contest, pairs: number): Promise<Result[]> {
  const { variant, conditions, memoryBelowMb } = contest;
  const missing = new Map(contest.peers.map((peer) => [peer, missingProgram(peer.needs ?? [])]));
  const peers = contest.peers.filter((peer) => missing.get(peer) === undefined);
  const sides = [contest.ours, ...peers.map((peer) => peer.run)];
  const runs: Measured[][] = sides.map(() => []);
  if (contest.warmUp ?? true) for (const side of sides) await side();
  for (let pair = 0; pair < pairs && peers.length > 0; pair += 1) {
    // Who goes first changes, so that nobody always finds the other's leftovers.
    const turns = [...sides.keys()];
    for (const turn of pair % 2 === 0 ? turns : turns.reverse())
      runs[turn]?.push(await required(sides[turn])());
  }
  const [ours = [], ...theirs] = runs;
  const memory = ours
    .flatMap(({ memoryMb }) => memoryMb ?? [])
    .sort((a, b) => b.peak - a.peak)
    .at(0);
  const measured = peers.map((peer, index): Result => {
    const [a, b] = [median(ours), median(theirs[index] ?? [])];
    return {
      ...{ status: 'measured', row, variant, conditions, peer: peer.name, ours: a, theirs: b, ratio: a / b },
      atLeast: peer.atLeast,
      errors: errorsOf(ours) + errorsOf(theirs[index] ?? []),
      pairs,
      ...(memory && memoryBelowMb !== undefined && { memory: { ...memory, below: memoryBelowMb } }),
    };
  });
  const skipped = [...missing].flatMap(([peer, why]): Result[] =>
    why === undefined ? [] : [{ status: 'skipped', row, variant, conditions, peer: peer.name, why }],
  );
  return [...measured, ...skipped];
}

/** Runs `work` over and over on `lanes` lanes until the time is up. */
export async function forSeconds(
  seconds: number,
  lanes: number,
  work: (n: number) => Promise<unknown>,
): Promise<Measured> {
  const started = performance.now();
  const ends = started + seconds * 1000;
  let [begun, done, errors] = [0, 0, 0];
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (performance.now() < ends) {
        try {
          await work(begun++);
          done += 1;
        } catch (error) {
          if (errors++ === 0) process.stderr.write(`  ${String(error)}\n`);
        }
      }
    }),
  );
  return { perSecond: done / ((performance.now() - started) / 1000), errors };
}

/** Times one piece of work of a known size. */
export async function timed(size: number, work: () => unknown): Promise<Measured> {
  const started = performance.now();
  await work();
  return { perSecond: size / ((performance.now() - started) / 1000), errors: 0 };
}

function median(runs: readonly Measured[]): number {
  const sorted = runs.map((run) => run.perSecond).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function errorsOf(runs: readonly Measured[]): number {
  return runs.reduce((sum, run) => sum + run.errors, 0);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('A side is missing');
  return value;
}
