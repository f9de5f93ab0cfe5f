import type { Sql } from '@vouchsafe/database';
import { formatTlogProof, inclusionProof, TILE_WIDTH, type TileReader } from '@vouchsafe/transparency-log';
import type { Place } from './record.js';

export interface PublishedCheckpoint {
  readonly size: number;
  /** The signed note, byte for byte as it was first given out. */
  readonly note: Buffer;
}

/** The newest checkpoint, or undefined before the log's first. */
export async function newestCheckpoint(sql: Sql, logId: string): Promise<PublishedCheckpoint | undefined> {
  const [row] = await sql.query<{ size: string; note: Buffer }>(
    'select size, note from checkpoint where log_id = $1 order by size desc limit 1',
    [logId],
  );
  return row && { size: Number(row.size), note: row.note };
}

/** The first `width` hashes of a tile, or undefined where the log has not grown that far. */
export async function tileOf(
  sql: Sql,
  logId: string,
  level: number,
  index: number,
  width: number,
): Promise<Buffer | undefined> {
  const [row] = await sql.query<{ hashes: Buffer }>(
    'select substring(hashes for $4::int * 32) as hashes from tile where log_id = $1 and level = $2 and index = $3',
    [logId, level, index, width],
  );
  return row?.hashes.length === width * 32 ? row.hashes : undefined;
}

export function tilesOf(sql: Sql, logId: string): TileReader {
  return async (level, index, width) => {
    const hashes = await tileOf(sql, logId, level, index, width);
    if (!hashes) throw new Error(`Tile ${level}/${index} of log ${logId} is not ${width} wide`);
    return hashes;
  };
}

/** `c2sp.org/tlog-proof@v1` of an entry under a checkpoint that covers it. */
export async function proofOf(
  sql: Sql,
  { logId, index }: Place,
  checkpoint: PublishedCheckpoint,
): Promise<string> {
  const hashes = await inclusionProof(tilesOf(sql, logId), index, checkpoint.size);
  return Buffer.from(formatTlogProof({ index, hashes, checkpoint: checkpoint.note })).toString();
}

/** When the entries of an index's bundle were recorded: leads to the month that holds them. */
export async function recordedBetween(
  sql: Sql,
  { logId, index }: Place,
): Promise<{ first: string; last: string } | undefined> {
  const [row] = await sql.query<{ first: string; last: string }>(
    `select first_recorded_at as first, last_recorded_at as last from entry_bundle where log_id = $1 and number = $2`,
    [logId, Math.floor(index / TILE_WIDTH)],
  );
  return row;
}
