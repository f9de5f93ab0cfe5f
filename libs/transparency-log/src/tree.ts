import { HASH_SIZE, emptyRoot, hashAt, nodeHash, parentHashes } from './hash.js';
import { TILE_HEIGHT, TILE_WIDTH } from './tile.js';

/**
 * All that appending needs of a tree: its size, and the roots of its perfect subtrees, largest first, 32 bytes each
 * (one for each bit set in the size). Some 20 hashes for a million leaves.
 */
export type RightEdge = { readonly size: number; readonly edge: Uint8Array };

/**
 * What an append adds to one tile: `hashes` (packed) go behind the `start` hashes that it held before, which makes it
 * `start + hashes.length / 32` wide. A narrower tile is always a prefix of the wider one, so a store needs one row a
 * tile: `insert ... on conflict (log, level, index) do update set bytes = tiles.bytes || excluded.bytes`.
 */
export type TileGrowth = {
  readonly level: number;
  readonly index: number;
  readonly start: number;
  readonly hashes: Uint8Array;
};

export const emptyTree: RightEdge = { size: 0, edge: new Uint8Array() };

/**
 * Appends leaves, given by their packed leaf hashes (`leafHashes`), to a tree. Works a level at a time: the new hashes
 * of a level and, when it was open, its old right edge pair up into the new hashes of the level above.
 * Throws where the right edge does not fit its size, which is a bug or a damaged row.
 */
export function append(tree: RightEdge, newLeafHashes: Uint8Array): { tree: RightEdge; tiles: TileGrowth[] } {
  if (newLeafHashes.length % HASH_SIZE !== 0) throw new Error('leaf hashes must be 32 bytes each');
  const openBefore = edgeByHeight(tree);
  const openAfter: Uint8Array[] = [];
  const tiles: TileGrowth[] = [];
  let hashes = newLeafHashes;
  let start = tree.size;
  for (let height = 0; start > 0 || hashes.length > 0; height++) {
    if (height % TILE_HEIGHT === 0) tiles.push(...growTiles(height / TILE_HEIGHT, start, hashes));
    const open = openBefore.get(height);
    const all = open ? Buffer.concat([open, hashes]) : hashes;
    const count = all.length / HASH_SIZE;
    // A view would keep the whole batch alive as long as the edge.
    if (count % 2 === 1) openAfter.unshift(new Uint8Array(hashAt(all, count - 1)));
    hashes = parentHashes(all);
    start = Math.floor(start / 2);
  }
  const size = tree.size + newLeafHashes.length / HASH_SIZE;
  return { tree: { size, edge: Buffer.concat(openAfter) }, tiles };
}

/** The Merkle tree hash (RFC 6962 section 2.1): the roots of the perfect subtrees, hashed together from the right. */
export function rootOf(tree: RightEdge): Uint8Array {
  return foldSubtrees([...edgeByHeight(tree).values()].reverse());
}

/** Hashes the roots of neighbouring perfect subtrees, largest first, into the root of the ragged tree they make. */
export function foldSubtrees(roots: readonly Uint8Array[]): Uint8Array {
  return roots.length === 0 ? emptyRoot() : roots.reduceRight((right, left) => nodeHash(left, right));
}

/** The open subtree roots by height, lowest first. */
function edgeByHeight({ size, edge }: RightEdge): Map<number, Uint8Array> {
  const open = new Map<number, Uint8Array>();
  let last = edge.length / HASH_SIZE;
  for (let height = 0, rest = size; rest > 0; height++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) open.set(height, hashAt(edge, --last));
  }
  if (last !== 0) throw new Error(`a right edge of ${edge.length} bytes does not fit a tree of size ${size}`);
  return open;
}

/** Cuts the new hashes of a tile level at the tiles' borders. `start`: how many hashes the level had. */
function growTiles(level: number, start: number, hashes: Uint8Array): TileGrowth[] {
  const tiles: TileGrowth[] = [];
  const end = start + hashes.length / HASH_SIZE;
  for (let at = start; at < end;) {
    const index = Math.floor(at / TILE_WIDTH);
    const next = Math.min(end, (index + 1) * TILE_WIDTH);
    const part = hashes.subarray((at - start) * HASH_SIZE, (next - start) * HASH_SIZE);
    tiles.push({ level, index, start: at % TILE_WIDTH, hashes: part });
    at = next;
  }
  return tiles;
}
