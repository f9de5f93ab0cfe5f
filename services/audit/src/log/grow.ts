import { prepared, type Sql } from '@vouchsafe/database';
import { append, leafHashes, TILE_WIDTH, type TileGrowth } from '@vouchsafe/transparency-log';
import { columns } from './columns.js';
import type { FreshEntry } from './fresh-entry.js';
import type { Head } from './heads.js';

export async function growTrees(sql: Sql, heads: readonly Head[]): Promise<void> {
  const grown = heads.flatMap((head) => {
    if (head.leaves.length === 0) return [];
    return [{ head, ...append(head.tree, leafHashes(head.leaves)) }];
  });
  const tiles = grown.flatMap(({ head, tiles }) =>
    tiles.map(({ level, index, hashes }: TileGrowth) => [
      head.organizationId,
      head.logId,
      level,
      index,
      hashes,
    ]),
  );
  await sql.query(
    prepared(`insert into tile as t (organization_id, log_id, level, index, hashes)
     select * from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::bigint[], $5::bytea[])
     on conflict (log_id, level, index) do update set hashes = t.hashes || excluded.hashes`),
    columns(tiles, ['plain', 'plain', 'plain', 'plain', 'bytes']),
  );
  await sql.query(
    prepared(`update log set size = grown.size, right_edge = grown.right_edge, recorded_at = grown.recorded_at
     from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::timestamptz[]) as grown (log_id, size, right_edge, recorded_at)
     where log.log_id = grown.log_id`),
    columns(
      grown.map(({ head, tree }) => [
        head.logId,
        tree.size,
        Buffer.from(tree.edge),
        head.recordedAt.toISOString(),
      ]),
      ['plain', 'plain', 'bytes', 'plain'],
    ),
  );
}

/** The times between which the entries of each tile lie: by them a range of time finds its part of the log. */
export async function growBundles(sql: Sql, fresh: readonly FreshEntry[]): Promise<void> {
  const bundles = new Map<string, Bundle>();
  for (const { entry, location, recordedAt, occurred } of fresh) {
    const number = Math.floor(location.index / TILE_WIDTH);
    const key = `${location.logId} ${number}`;
    const recorded = recordedAt.getTime();
    const bundle = bundles.get(key) ?? newBundle(entry.organizationId, location.logId, number);
    bundles.set(key, bundle);
    bundle.firstRecorded = Math.min(bundle.firstRecorded, recorded);
    bundle.lastRecorded = Math.max(bundle.lastRecorded, recorded);
    // All of one length: the order of the texts is that of the times.
    if (bundle.firstOccurred === '' || occurred < bundle.firstOccurred) bundle.firstOccurred = occurred;
    if (occurred > bundle.lastOccurred) bundle.lastOccurred = occurred;
  }
  const time = (milliseconds: number): string => new Date(milliseconds).toISOString();
  await sql.query(
    prepared(`insert into entry_bundle as b (organization_id, log_id, number,
       first_recorded_at, last_recorded_at, first_occurred_at, last_occurred_at)
     select * from unnest($1::uuid[], $2::uuid[], $3::bigint[],
       $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
     on conflict (log_id, number) do update set
       last_recorded_at = excluded.last_recorded_at,
       first_occurred_at = least(b.first_occurred_at, excluded.first_occurred_at),
       last_occurred_at = greatest(b.last_occurred_at, excluded.last_occurred_at)`),
    columns(
      [...bundles.values()].map((bundle) => [
        ...[bundle.organizationId, bundle.logId, bundle.number],
        ...[time(bundle.firstRecorded), time(bundle.lastRecorded)],
        ...[bundle.firstOccurred, bundle.lastOccurred],
      ]),
      ['plain', 'plain', 'plain', 'plain', 'plain', 'plain', 'plain'],
    ),
  );
}

interface Bundle {
  readonly organizationId: string;
  readonly logId: string;
  readonly number: number;
  firstRecorded: number;
  lastRecorded: number;
  firstOccurred: string;
  lastOccurred: string;
}

function newBundle(organizationId: string, logId: string, number: number): Bundle {
  const [none, never] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    ...{ organizationId, logId, number },
    ...{ firstRecorded: none, lastRecorded: never, firstOccurred: '', lastOccurred: '' },
  };
}
