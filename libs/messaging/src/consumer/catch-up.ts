import { readMessage, type WireMessage } from '../cloud-events.js';
import { wakeable } from '../wakeable.js';
import { type Lane, laneName, lockLanes } from './lanes.js';
import type { LaneNumbers } from './portion.js';
import { take, type Taking } from './take.js';

/** The facts of a lane from `first` on, in order, as the bus would have brought them; at most `limit`. */
export type FetchMissing = (
  source: string,
  lane: number,
  first: bigint,
  limit: number,
) => Promise<readonly WireMessage[]>;

export interface BehindLane extends Lane {
  readonly reached: bigint;
  /** The source has given out this number at least. */
  readonly expected: bigint;
}

const PAGE = 500;
const PAUSE_MS = { first: 100, most: 10_000 } as const;

/** The source does not give what its own lane says exists: the lane stands until it does. */
export class MissingFactsError extends Error {
  override readonly name = 'MissingFactsError';
}

interface CatchUpOptions {
  readonly taking: Taking;
  readonly reached: ReadonlyMap<string, bigint>;
  readonly learn: (numbers: LaneNumbers) => void;
  readonly fetchMissing: FetchMissing;
  readonly onError: ((error: unknown) => void) | undefined;
}

/**
 * Fetches from the source what a lane misses. Beside the batches: other lanes of the partition go on, and what the bus brings
 * of this one past its gap is left to the catch-up, which has it from the source as well.
 */
export function catchUp(options: CatchUpOptions) {
  const expected = expectations(options.reached);
  const wake = wakeable();
  const stopped = new AbortController();

  const work = (async () => {
    let pause: number = PAUSE_MS.first;
    while (!stopped.signal.aborted) {
      const outcome = await fetchRound(options, expected, stopped.signal);
      if (outcome === 'stuck') {
        await wake.wait(pause);
        pause = Math.min(pause * 2, PAUSE_MS.most);
      } else {
        pause = PAUSE_MS.first;
        if (outcome === 'idle') await wake.wait(60_000);
      }
    }
  })();

  return {
    /** The source has given out `number` of the lane. */
    expect: (lane: Lane, number: bigint): void => {
      if (expected.add(lane, number) === 'new') wake.raise();
    },
    behind: expected.behind,
    stop: (): Promise<void> => {
      stopped.abort();
      wake.raise();
      return work;
    },
  };
}

/** Up to which number each lane is known to go, of those that are behind. */
function expectations(reached: ReadonlyMap<string, bigint>) {
  const expected = new Map<string, Lane & { number: bigint }>();
  const at = (lane: Lane): bigint => reached.get(laneName(lane)) ?? 0n;
  return {
    at,
    add: (lane: Lane, number: bigint): 'new' | 'known' => {
      const known = expected.get(laneName(lane));
      if (at(lane) >= number) return 'known';
      if (!known || known.number < number) {
        expected.set(laneName(lane), { source: lane.source, lane: lane.lane, number });
      }
      return known ? 'known' : 'new';
    },
    wanted: (lane: Lane): bigint => expected.get(laneName(lane))?.number ?? 0n,
    /** Drops each lane that has caught up meanwhile. */
    *lanes(): Generator<Lane> {
      for (const [name, lane] of expected) {
        if (at(lane) >= lane.number) expected.delete(name);
        else yield lane;
      }
    },
    behind: (): BehindLane[] =>
      [...expected.values()].flatMap(({ source, lane, number }) => {
        const now = at({ source, lane });
        return now < number ? [{ source, lane, reached: now, expected: number }] : [];
      }),
  };
}

type Expectations = ReturnType<typeof expectations>;

/** One page of each lane that is behind, so that a long way back of one does not hold up the others. */
async function fetchRound(
  options: CatchUpOptions,
  expected: Expectations,
  stopped: AbortSignal,
): Promise<'idle' | 'moved' | 'stuck'> {
  let outcome: 'idle' | 'moved' | 'stuck' = 'idle';
  for (const lane of expected.lanes()) {
    if (stopped.aborted) break;
    try {
      await fetchPage(lane, options, expected, stopped);
      outcome = 'moved';
    } catch (error) {
      options.onError?.(error);
      if (outcome === 'idle') outcome = 'stuck';
    }
  }
  return outcome;
}

async function fetchPage(
  lane: Lane,
  { taking, learn, fetchMissing }: CatchUpOptions,
  { at, wanted }: Expectations,
  stopped: AbortSignal,
): Promise<void> {
  const { database, group } = taking;
  // Another member may have moved the lane since we last looked.
  learn(await database.asWorker((sql) => lockLanes(sql, group, [lane])));
  const upTo = wanted(lane);
  if (at(lane) >= upTo) return;
  const first = at(lane) + 1n;
  const facts = (await fetchMissing(lane.source, lane.lane, first, PAGE)).flatMap((message) => {
    const fact = readMessage(message);
    if (fact.kind !== 'fact' || laneName(fact) !== laneName(lane)) return [];
    return taking.table.isTakenOtherwise(fact) ? [] : [{ fact }];
  });
  if (facts[0]?.fact.number !== first) {
    throw new MissingFactsError(
      `${lane.source} does not return number ${first} of lane ${lane.lane}, although it announced ${upTo}`,
    );
  }
  learn(await take(taking, { facts, step: null }, stopped));
}
