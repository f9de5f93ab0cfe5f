import { tileFile, type ManifestLog } from '@vouchsafe/forensic-bundle';
import {
  TILE_WIDTH,
  hashAt,
  parentHashes,
  parseTilePath,
  rootFromTiles,
  tileWidth,
  type TileId,
  type TileReader,
} from '@vouchsafe/transparency-log';
import type { Members } from './members.js';
import { Problem, check } from './problem.js';

/** The tiles of a log, each proven by the one above it: what they say is what the checkpoint signs. */
export type TileChain = {
  /** The leaf hashes of a tile. Asked for in ascending order. */
  readonly leaves: (index: number) => Uint8Array;
  /** Checks the leaf tiles that no entry asked for. */
  readonly finish: () => void;
  /** Reads the proven tiles again, for the roots of earlier trees. */
  readonly reader: TileReader;
};

/**
 * Starts from the root. It is hashed from the partial tiles of the right edge, which proves all of these; every full
 * tile is proven by its own hash standing in the tile above. So each hash in the bundle is hashed once, and an entry's
 * inclusion is that its leaf hash stands at its index. Only tiles above the leaves are kept: a 256th.
 */
export async function openTileChain(log: ManifestLog, members: Members): Promise<TileChain> {
  const folder = `${log.id}/log/`;
  const tiles = listTiles(log, members, folder);
  const upper = new Map<string, Uint8Array>();
  const leafTiles = tiles.filter((tile) => tile.level === 0);
  const read = (tile: TileId): Uint8Array => {
    const name = tileFile(log.id, tile);
    const bytes = members.whole(name);
    check(bytes.length === tile.width * 32, name, `it is not ${tile.width} hashes long`);
    return bytes;
  };
  const reader: TileReader = (level, index) => {
    const kept = upper.get(`${level}/${index}`);
    return Promise.resolve(kept ?? read({ level, index, width: tileWidth(level, index, log.size) }));
  };
  for (const tile of tiles) if (tile.level > 0) upper.set(`${tile.level}/${tile.index}`, read(tile));

  const root = Buffer.from(await rootFromTiles(reader, log.size)).toString('base64');
  check(root === log.root, `${folder}checkpoint`, 'the tiles do not lead to the root that it signs');

  const prove = (tile: TileId, bytes: Uint8Array): Uint8Array => {
    if (tile.width < TILE_WIDTH) return bytes;
    const name = tileFile(log.id, tile);
    const above = upper.get(`${tile.level + 1}/${Math.floor(tile.index / TILE_WIDTH)}`);
    if (!above) throw new Problem(name, 'the tile above it is missing');
    const place = tile.index % TILE_WIDTH;
    const hash = Buffer.from(hashAt(above, place));
    check(hash.equals(rootOfTile(bytes)), name, 'it is not the tile that the log has there');
    return bytes;
  };
  // From the top down: a tile is only as good as the one above it.
  for (const tile of tiles) {
    const bytes = upper.get(`${tile.level}/${tile.index}`);
    if (bytes) prove(tile, bytes);
  }

  let next = 0;
  let current: { index: number; bytes: Uint8Array } | undefined;
  const advance = (): boolean => {
    const tile = leafTiles[next++];
    if (tile) current = { index: tile.index, bytes: prove(tile, read(tile)) };
    return tile !== undefined;
  };
  return {
    reader,
    leaves: (index) => {
      while (current?.index !== index) {
        if (!advance()) {
          throw new Problem(
            tileFile(log.id, { level: 0, index, width: tileWidth(0, index, log.size) }),
            'it is missing',
          );
        }
      }
      return current.bytes;
    },
    finish: () => {
      while (advance());
    },
  };
}

/** Highest level first, then by index. */
function listTiles(log: ManifestLog, members: Members, folder: string): TileId[] {
  const tiles: TileId[] = [];
  for (const name of members.names) {
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
  while (hashes.length > 32) hashes = parentHashes(hashes);
  return hashes;
}
