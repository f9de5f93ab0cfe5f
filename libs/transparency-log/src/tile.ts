/** c2sp.org/tlog-tiles: a tile is a subtree 8 levels high, its bottom row of up to 256 hashes. */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 256;

/** An entry's length is written in two bytes. */
export const MAX_ENTRY_BYTES = 65_535;

export type TileId = { readonly level: number; readonly index: number; readonly width: number };

/**
 * Reads tiles, wherever they are kept: answers with at least `width` hashes, packed (a wider version of the tile will
 * do), or rejects. `width` is that of the tile in the tree of the size asked about.
 */
export type TileReader = (level: number, index: number, width: number) => Promise<Uint8Array>;

/** How many hashes a tile holds in a tree of `size` leaves; 0 when there is no such tile. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashesInLevel = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashesInLevel - index * TILE_WIDTH));
}

/** `tile/<L>/<N>[.p/<W>]` */
export function tilePath({ level, index, width }: TileId): string {
  return `tile/${level}/${indexPath(index, width)}`;
}

/** `tile/entries/<N>[.p/<W>]` */
export function entryBundlePath(index: number, width: number): string {
  return `tile/entries/${indexPath(index, width)}`;
}

export type TilePath =
  | ({ readonly kind: 'hashes' } & TileId)
  | { readonly kind: 'entries'; readonly index: number; readonly width: number };

/** What a path names, or undefined when it is not exactly one that this module writes. */
export function parseTilePath(path: string): TilePath | undefined {
  const match = /^tile\/(entries|0|[1-5]?\d|6[0-3])\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(
    path,
  );
  if (!match?.[1] || !match[2]) return undefined;
  const index = Number(match[2].replace(/[x/]/g, ''));
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  if (!Number.isSafeInteger(index)) return undefined;
  const tile: TilePath =
    match[1] === 'entries'
      ? { kind: 'entries', index, width }
      : { kind: 'hashes', level: Number(match[1]), index, width };
  const canonical = tile.kind === 'entries' ? entryBundlePath(index, width) : tilePath(tile);
  return canonical === path ? tile : undefined;
}

/**
 * An entry bundle: each entry behind its length, two bytes, big-endian.
 * Throws on an entry that is too long: whoever makes entries bounds them (MAX_ENTRY_BYTES).
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bundle = Buffer.allocUnsafe(entries.reduce((bytes, entry) => bytes + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES)
      throw new Error(`an entry has ${entry.length} bytes, at most 65,535 fit`);
    bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
}

/** The entries of a bundle, as views; undefined when the bytes are not a whole number of entries. */
export function decodeEntryBundle(bundle: Uint8Array): Uint8Array[] | undefined {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length;) {
    const high = bundle[at];
    const low = bundle[at + 1];
    if (high === undefined || low === undefined) return undefined;
    const end = at + 2 + (high << 8) + low;
    if (end > bundle.length) return undefined;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/**
 * The tiles that prove the leaves at `leafIndices` in the tree of `size`: each leaf's tile and the tiles above it, and
 * the partial tiles of the right edge. A tree of an earlier size m is proven consistent by them too when m - 1 is
 * among the leaves. Highest level first, then by index: the order in which tiles can be checked, each by its parent.
 */
export function tilesFor(size: number, leafIndices: Iterable<number>): TileId[] {
  const levels: Set<number>[] = [];
  const levelOf = (level: number): Set<number> => (levels[level] ??= new Set());
  for (const leaf of leafIndices) {
    if (leaf >= size) throw new Error(`leaf ${leaf} is not in a tree of size ${size}`);
    for (
      let level = 0, index = tileOf(leaf);
      tileWidth(level, index, size) > 0;
      level++, index = tileOf(index)
    ) {
      const seen = levelOf(level);
      if (seen.has(index)) break;
      seen.add(index);
    }
  }
  for (let level = 0, count = size; count > 0; level++, count = tileOf(count)) {
    if (count % TILE_WIDTH > 0) levelOf(level).add(tileOf(count));
  }
  return levels
    .flatMap((indices, level) =>
      [...indices]
        .sort((a, b) => a - b)
        .map((index) => ({ level, index, width: tileWidth(level, index, size) })),
    )
    .sort((a, b) => b.level - a.level || a.index - b.index);
}

function tileOf(index: number): number {
  return Math.floor(index / TILE_WIDTH);
}

function indexPath(index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}
