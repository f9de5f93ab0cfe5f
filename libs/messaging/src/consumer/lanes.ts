import { prepared, type Sql } from '@vouchsafe/database';

export interface Lane {
  readonly source: string;
  readonly lane: number;
}

export function laneName({ source, lane }: Lane): string {
  return `${source}/${lane}`;
}

/**
 * The last number of each lane that has had its effect, locked until the transaction ends: two members may meet on a lane
 * (a zombie and its successor, a catch-up and the bus, two partitions after a topic has grown), and the second one must see
 * what the first has done before it begins.
 */
export async function lockLanes(
  sql: Sql,
  consumer: string,
  lanes: readonly Lane[],
): Promise<Map<string, bigint>> {
  const distinct = [...new Map(lanes.map((lane) => [laneName(lane), lane])).values()];
  const values = [consumer, distinct.map(({ source }) => source), distinct.map(({ lane }) => lane)];
  const lock = () =>
    sql.query<{ source: string; lane: number; number: string }>(
      prepared(`select source, lane, number from consumed_lane
       where consumer = $1 and (source, lane) in (select * from unnest($2::text[], $3::int[]))
       order by source, lane for update`),
      values,
    );
  let rows = await lock();
  if (rows.length < distinct.length) {
    await sql.query(
      `insert into consumed_lane (consumer, source, lane)
       select $1, source, lane from unnest($2::text[], $3::int[]) as wanted (source, lane) order by source, lane
       on conflict do nothing`,
      values,
    );
    rows = await lock();
  }
  return new Map(rows.map((row) => [laneName(row), BigInt(row.number)]));
}

export async function advanceLanes(
  sql: Sql,
  consumer: string,
  taken: readonly (Lane & { readonly number: bigint; readonly expected: bigint })[],
): Promise<void> {
  const moved = await sql.query(
    prepared(`update consumed_lane set number = taken.number
     from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[]) as taken (source, lane, number, expected)
     where consumer = $1 and consumed_lane.source = taken.source and consumed_lane.lane = taken.lane
       and consumed_lane.number = taken.expected
     returning 1`),
    [
      consumer,
      taken.map(({ source }) => source),
      taken.map(({ lane }) => lane),
      taken.map(({ number }) => number),
      taken.map(({ expected }) => expected),
    ],
  );
  if (moved.length !== taken.length) throw new Error('A lane moved although it was locked');
}
