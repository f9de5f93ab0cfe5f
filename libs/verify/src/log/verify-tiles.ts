import {
  HASH_SIZE,
  TILE_WIDTH,
  hashAt,
  parentHashes,
  parseTilePath,
  rootFromTiles,
  tileWidth,
  type TileId,
  type TileReader,
} from '@vouchsafe/transparency-log';
import type { BundleFiles } from '../container/bundle-files.js';
import { logFile, tileFile } from '../container/names.js';
import type { ManifestLog } from '../manifest/manifest.js';
import { check } from '../problem.js';

/** The tiles of a log, each proven: what they say is what the checkpoint signs. */
export type ProvenTiles = {
  readonly reader: TileReader;
  /** The hash of the leaf at an index. Throws a `Problem` where its tile is not in the bundle. */
  readonly leafHash: (index: number) => Uint8Array;
};

/**
 * Starts from the root. It is hashed from the tiles of the right edge, which proves those that are partial; every full
 * tile is proven by its own root standing in the tile above. So an entry is included where its leaf hash stands at its index.
 * One tile of each level is kept in memory, however large the tree.
 */
export async function verifyTiles(log: ManifestLog, files: BundleFiles): Promise<ProvenTiles> {
  const tiles = listTiles(log, files);
  const nameOf = (level: number, index: number): string =>
    tileFile(log.id, { level, index, width: tileWidth(level, index, log.size) });
  const tileAt = keepingOneOfEachLevel((level, index) => {
    const [name, width] = [nameOf(level, index), tileWidth(level, index, log.size)];
    const bytes = files.whole(name, TILE_WIDTH * HASH_SIZE);
    check(bytes.length === width * HASH_SIZE, name, `it is not ${width} hashes long`);
    return bytes;
  });
  const reader: TileReader = (level, index) => Promise.resolve(tileAt(level, index));

  const root = Buffer.from(await rootFromTiles(reader, log.size)).toString('base64');
  check(root === log.root, logFile(log.id, 'checkpoint'), 'the tiles do not lead to the root that it signs');
  // From the top down: a tile is only as good as the one above it.
  for (const { level, index, width } of tiles) {
    const name = nameOf(level, index);
    const bytes = tileAt(level, index);
    if (width < TILE_WIDTH) continue;
    const above = Math.floor(index / TILE_WIDTH);
    check(files.has(nameOf(level + 1, above)), name, 'the tile above it is missing');
    const stands = Buffer.from(hashAt(tileAt(level + 1, above), index % TILE_WIDTH));
    check(stands.equals(rootOfTile(bytes)), name, 'it is not the tile that the log has there');
  }
  checkExpired(log, files);
  return {
    reader,
    leafHash: (index) => hashAt(tileAt(0, Math.floor(index / TILE_WIDTH)), index % TILE_WIDTH),
  };
}

/** What is called expired is not here, but its hashes are: it was logged. */
function checkExpired(log: ManifestLog, files: BundleFiles): void {
  for (const [first, last] of log.expired) {
    for (let index = Math.floor(first / TILE_WIDTH); index * TILE_WIDTH <= last; index++) {
      const name = tileFile(log.id, { level: 0, index, width: tileWidth(0, index, log.size) });
      check(files.has(name), name, 'it is missing: it has the hashes of entries that are called expired');
    }
  }
}

/** Highest level first, then by index. */
function listTiles(log: ManifestLog, files: BundleFiles): TileId[] {
  const folder = `${log.id}/log/`;
  const tiles: TileId[] = [];
  for (const name of files.inFolder(log.id)) {
    if (!name.startsWith(`${folder}tile/`) || name.startsWith(`${folder}tile/entries/`)) continue;
    const tile = parseTilePath(name.slice(folder.length));
    check(tile?.kind === 'hashes', name, 'this is not the name of a tile');
    const width = tileWidth(tile.level, tile.index, log.size);
    check(tile.width === width, name, `in a tree of ${log.size} this tile is ${width} wide`);
    tiles.push(tile);
  }
  return tiles.sort((a, b) => b.level - a.level || a.index - b.index);
}

function rootOfTile(bytes: Uint8Array): Uint8Array {
  let hashes = bytes;
  while (hashes.length > HASH_SIZE) hashes = parentHashes(hashes);
  return hashes;
}

/** Tiles and entries are gone through in order, so the next one mostly needs the same tile. */
function keepingOneOfEachLevel(
  read: (level: number, index: number) => Uint8Array,
): (level: number, index: number) => Uint8Array {
  const kept = new Map<number, { readonly index: number; readonly bytes: Uint8Array }>();
  return (level, index) => {
    const there = kept.get(level);
    if (there?.index === index) return there.bytes;
    const bytes = read(level, index);
    kept.set(level, { index, bytes });
    return bytes;
  };
}
