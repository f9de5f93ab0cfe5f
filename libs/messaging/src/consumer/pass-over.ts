import { type Database, prepared } from '@vouchsafe/database';
import { type Lane, laneName } from './lanes.js';
import { movedPlace, placeValues } from './place.js';
import type { LaneNumbers, Portion } from './portion.js';

/** Somebody else has moved the place or a lane, or a number is missing: the long way finds out. */
class NotAsExpected extends Error {
  override readonly name = 'NotAsExpected';
}

/**
 * Moves offset and lanes past facts that have no effect here, in one statement, which need not reach the disk before it goes on:
 * what a crash forgets is read again. Most facts are such where a service waits for rare ones.
 * @returns null where lanes or place are not as the facts follow on
 */
export async function passOver(
  database: Database,
  consumer: string,
  { facts, step }: Portion,
): Promise<LaneNumbers | null> {
  const passed = passedLanes(facts.map(({ fact }) => fact));
  if (!step || !passed) return null;
  try {
    await database.asWorker(async (sql) => {
      const [moved] = await sql.query<{ places: number; lanes: number }>(statement, [
        ...placeValues(consumer, step),
        passed.map(({ source }) => source),
        passed.map(({ lane }) => lane),
        passed.map(({ first }) => first),
        passed.map(({ last }) => last),
      ]);
      if (moved?.places !== 1 || moved.lanes !== passed.length) throw new NotAsExpected();
    });
  } catch (error) {
    if (error instanceof NotAsExpected) return null;
    throw error;
  }
  return new Map(passed.map((lane) => [laneName(lane), lane.last]));
}

const statement = prepared(`
  with later as (select set_config('synchronous_commit', 'off', true)),
  moved_place as (${movedPlace}),
  moved_lane as (
    update consumed_lane set number = passed.last
    from unnest($6::text[], $7::int[], $8::bigint[], $9::bigint[]) as passed (source, lane, first, last)
    where consumer = $1 and consumed_lane.source = passed.source and consumed_lane.lane = passed.lane
      and consumed_lane.number = passed.first - 1
    returning 1
  )
  select (select count(*)::int from moved_place) as places, (select count(*)::int from moved_lane) as lanes from later`);

interface PassedLane extends Lane {
  readonly first: bigint;
  last: bigint;
}

/** Null where a lane's numbers do not follow on each other. */
function passedLanes(facts: readonly (Lane & { readonly number: bigint })[]): PassedLane[] | null {
  const lanes = new Map<string, PassedLane>();
  for (const { source, lane, number } of facts) {
    const name = laneName({ source, lane });
    const known = lanes.get(name);
    if (!known) lanes.set(name, { source, lane, first: number, last: number });
    else if (number === known.last + 1n) known.last = number;
    // Another version of the same fact has the same number.
    else if (number !== known.last) return null;
  }
  return [...lanes.values()];
}
