/** One run of one side: how many operations came about per second, and how many failed. */
export interface Measured {
  readonly perSecond: number;
  readonly errors: number;
}

export type Side = () => Promise<Measured>;

/** A figure of performance.md, ready to be run: both sides on the same data, in the same process tree. */
export interface Contest {
  /** What sets this line apart from the row's others, such as `16 writers`. */
  readonly variant: string;
  /** `1 kB payload, 16 connections, fsync on, ...` */
  readonly conditions: string;
  readonly peer: string;
  /** Least ratio of ours to the peer's operations per second that performance.md asks for. */
  readonly atLeast: number;
  readonly ours: Side;
  readonly theirs: Side;
}

export interface Row {
  readonly name: string;
  /** Sets up, hands over the contests one after the other, cleans up. */
  readonly run: (compete: (contest: Contest) => Promise<void>) => Promise<void>;
}

export interface Result {
  readonly row: string;
  readonly variant: string;
  readonly conditions: string;
  readonly peer: string;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  readonly atLeast: number;
  readonly errors: number;
  readonly pairs: number;
}

/** At least five interleaved pairs, so that a noisy moment hits both sides; medians of each. */
export async function compete(row: string, contest: Contest, pairs: number): Promise<Result> {
  // One run of each that does not count: caches, JIT, connections.
  await contest.ours();
  await contest.theirs();
  const [ours, theirs]: [Measured[], Measured[]] = [[], []];
  for (let pair = 0; pair < pairs; pair += 1) {
    // Who goes first changes, so that neither always finds the other's leftovers.
    if (pair % 2 === 0) {
      ours.push(await contest.ours());
      theirs.push(await contest.theirs());
    } else {
      theirs.push(await contest.theirs());
      ours.push(await contest.ours());
    }
  }
  const { variant, conditions, peer, atLeast } = contest;
  const [a, b] = [median(ours), median(theirs)];
  const errors = [...ours, ...theirs].reduce((sum, run) => sum + run.errors, 0);
  return { row, variant, conditions, peer, ours: a, theirs: b, ratio: a / b, atLeast, errors, pairs };
}

/** Runs `work` over and over on `workers` lanes until the time is up. */
export async function forSeconds(
  seconds: number,
  workers: number,
  work: (n: number) => Promise<void>,
): Promise<Measured> {
  const started = performance.now();
  const ends = started + seconds * 1000;
  let [done, errors] = [0, 0];
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (performance.now() < ends) {
        try {
          await work(done + errors);
          done += 1;
        } catch {
          errors += 1;
        }
      }
    }),
  );
  return { perSecond: done / ((performance.now() - started) / 1000), errors };
}

/** Times one piece of work of a known size. */
export async function timed(size: number, work: () => Promise<unknown> | unknown): Promise<Measured> {
  const started = performance.now();
  await work();
  return { perSecond: size / ((performance.now() - started) / 1000), errors: 0 };
}

function median(runs: readonly Measured[]): number {
  const sorted = runs.map((run) => run.perSecond).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
