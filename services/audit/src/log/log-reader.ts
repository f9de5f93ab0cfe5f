import { instant, type Sql } from '@vouchsafe/database';
import { formatTlogProof, inclusionProof, TILE_WIDTH, type TileReader } from '@vouchsafe/transparency-log';
import type { EntryLocation } from './entry-location.js';

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
  { logId, index }: EntryLocation,
  checkpoint: PublishedCheckpoint,
): Promise<string> {
  const hashes = await inclusionProof(tilesOf(sql, logId), index, checkpoint.size);
  return Buffer.from(formatTlogProof({ index, hashes, checkpoint: checkpoint.note })).toString();
}

/** When the entries of an index's bundle were recorded: leads to the month that holds them. */
async function recordedBetween(
  sql: Sql,
  { logId, index }: EntryLocation,
): Promise<{ first: string; last: string } | undefined> {
  const [row] = await sql.query<{ first: string; last: string }>(
    `select first_recorded_at as first, last_recorded_at as last from entry_bundle where log_id = $1 and number = $2`,
    [logId, Math.floor(index / TILE_WIDTH)],
  );
  return row;
}

/** An entry as it is stored, without its sealed disclosures. */
export interface EntryRow {
  readonly log_id: string;
  readonly index: string;
  readonly recorded_at: string;
  readonly disclosable: number;
  readonly leaf: Buffer;
}

export async function entryAt(
  sql: Sql,
  organizationId: string,
  location: EntryLocation,
): Promise<EntryRow | undefined> {
  const between = await recordedBetween(sql, location);
  if (!between) return undefined;
  const [row] = await sql.query<EntryRow>(
    `select log_id, index, recorded_at, disclosable, leaf from entry
     where organization_id = $1 and recorded_at >= $2 and recorded_at <= $3 and index = $4 and log_id = $5`,
    [organizationId, between.first, between.last, location.index, location.logId],
  );
  return row;
}

export interface LogView {
  readonly logId: string;
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
  readonly minimumIndex: number;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

/** An organization's logs, the oldest first: one, unless a successor was opened. */
export async function logsOf(sql: Sql, organizationId: string): Promise<LogView[]> {
  const rows = await sql.query<{
    log_id: string;
    origin: string;
    vkey: string;
    size: string;
    last_expired: string | null;
    opened_at: string;
    closed_at: string | null;
  }>(
    `select l.log_id, l.origin, k.vkey, l.size, l.opened_at, l.closed_at,
       (select last from expired_range e where e.log_id = l.log_id order by first desc limit 1) as last_expired
     from log l join signing_key k on k.name = l.origin and k.signs_until is null
     where l.organization_id = $1 order by l.opened_at`,
    [organizationId],
  );
  return rows.map((row) => ({
    logId: row.log_id,
    origin: row.origin,
    vkey: row.vkey,
    size: Number(row.size),
    minimumIndex: minimumIndex(Number(row.size), row.last_expired === null ? -1 : Number(row.last_expired)),
    openedAt: instant(row.opened_at).toISOString(),
    closedAt: row.closed_at === null ? null : instant(row.closed_at).toISOString(),
  }));
}

/**
 * From here on nothing is missing, as tlog-tiles means it (c2sp.org/tlog-tiles, 'Pruning'): every entry, and every entry bundle, whole. So
 * it is where a bundle begins, or the end of the log.
 */
function minimumIndex(size: number, lastExpired: number): number {
  return Math.min(Math.ceil((lastExpired + 1) / TILE_WIDTH) * TILE_WIDTH, size);
}

/** The leaves of an entry bundle, or undefined where some are missing: bundles are served while whole. */
export async function entryBundle(
  sql: Sql,
  organizationId: string,
  logId: string,
  number: number,
  width: number,
): Promise<Buffer[] | undefined> {
  const first = number * TILE_WIDTH;
  const between = await recordedBetween(sql, { logId, index: first });
  if (!between) return undefined;
  const rows = await sql.query<{ leaf: Buffer }>(
    `select leaf from entry
     where organization_id = $1 and recorded_at >= $2 and recorded_at <= $3 and log_id = $4 and index >= $5 and index < $6
     order by recorded_at, index`,
    [organizationId, between.first, between.last, logId, first, first + width],
  );
  return rows.length === width ? rows.map((row) => row.leaf) : undefined;
}

/** Verifier keys of forensic bundles, the oldest first. */
export async function manifestKeys(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ vkey: string }>('select vkey from lookup.manifest_vkeys() as vkey');
  return rows.map(({ vkey }) => vkey);
}
