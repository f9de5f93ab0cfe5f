import { type Database, prepared } from '@vouchsafe/database';
import { type Lane, laneName } from './lanes.js';
import { movedOffset, offsetValues } from './offset.js';
import type { LaneNumbers, Portion } from './portion.js';

/** Another member has moved the offset or a lane, or a number is missing: the caller reads lanes and offset row by row instead. */
class NotAsExpected extends Error {
  override readonly name = 'NotAsExpected';
}

/**
 * Moves the offset and the lanes past facts that have no effect here, in one statement whose commit does not wait for the disk:
 * what a crash loses is read again. Where a service waits for rare facts, most are irrelevant.
 * @returns null where a lane or the offset is not where these facts begin
 */
export async function skipIrrelevant(
  database: Database,
  consumer: string,
  { facts, step }: Portion,
): Promise<LaneNumbers | null> {
  const passed = passedLanes(facts.map(({ fact }) => fact));
  if (!step || !passed) return null;
  try {
    await database.asWorker(async (sql) => {
      const [moved] = await sql.query<{ offsets: number; lanes: number }>(statement, [
        ...offsetValues(consumer, step),
        passed.map(({ source }) => source),
        passed.map(({ lane }) => lane),
        passed.map(({ first }) => first),
        passed.map(({ last }) => last),
      ]);
      if (moved?.offsets !== 1 || moved.lanes !== passed.length) throw new NotAsExpected();
    });
  } catch (error) {
    if (error instanceof NotAsExpected) return null;
    throw error;
  }
  return new Map(passed.map((lane) => [laneName(lane), lane.last]));
}

const statement = prepared(`
  with later as (select set_config('synchronous_commit', 'off', true)),
  moved_offset as (${movedOffset}),
  moved_lane as (
    update consumed_lane set number = passed.last
    from unnest($6::text[], $7::int[], $8::bigint[], $9::bigint[]) as passed (source, lane, first, last)
    where consumer = $1 and consumed_lane.source = passed.source and consumed_lane.lane = passed.lane
      and consumed_lane.number = passed.first - 1
    returning 1
  )
  select (select count(*)::int from moved_offset) as offsets, (select count(*)::int from moved_lane) as lanes from later`);

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
