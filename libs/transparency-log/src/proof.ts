import { HASH_SIZE, hashAt, nodeHash, parentHashes, sameBytes } from './hash.js';
import { append, emptyTree, foldSubtrees } from './tree.js';
import { TILE_HEIGHT, TILE_WIDTH, tileWidth, type TileReader } from './tile.js';

/**
 * PATH(m, D[n]) of RFC 6962 section 2.1.1: the hashes, from the leaf's sibling up, that lead from the leaf at `index`
 * to the root of the tree of `size`. Throws a RangeError unless 0 <= index < size.
 */
export async function inclusionProof(tiles: TileReader, index: number, size: number): Promise<Uint8Array[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`no leaf ${index} in a tree of size ${size}`);
  return hashRanges(tiles, pathRanges(index, 0, size), size);
}

/**
 * PROOF(m, D[n]) of RFC 6962 section 2.1.2: that the tree of `size` only added to the tree of `earlierSize`.
 * Empty where both are the same, and from the empty tree. Throws a RangeError unless 0 <= earlierSize <= size.
 */
export async function consistencyProof(
  tiles: TileReader,
  earlierSize: number,
  size: number,
): Promise<Uint8Array[]> {
  if (!(earlierSize >= 0 && earlierSize <= size))
    throw new RangeError(`no tree of ${earlierSize} before ${size}`);
  if (earlierSize === 0) return [];
  return hashRanges(tiles, subproofRanges(earlierSize, 0, size, true), size);
}

/** The root of the tree of `size`, from its tiles. */
export async function rootFromTiles(tiles: TileReader, size: number): Promise<Uint8Array> {
  return rangeHash(tiles, [0, size], size);
}

/** RFC 9162 section 2.1.3.2. The root is one that the caller trusts: a checkpoint's. */
export function verifyInclusion(
  proof: readonly Uint8Array[],
  index: number,
  size: number,
  leaf: Uint8Array,
  root: Uint8Array,
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !allHashes(proof, leaf, root)) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, half(sn)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && sameBytes(hash, root);
}

/** RFC 9162 section 2.1.4.2. Everything is consistent with the empty tree, of which there is nothing to compare. */
export function verifyConsistency(
  proof: readonly Uint8Array[],
  earlierSize: number,
  size: number,
  earlierRoot: Uint8Array,
  root: Uint8Array,
): boolean {
  if (!isSize(earlierSize) || !isSize(size) || earlierSize > size) return false;
  if (!allHashes(proof, earlierRoot, root)) return false;
  if (earlierSize === size) return proof.length === 0 && sameBytes(earlierRoot, root);
  if (earlierSize === 0) return proof.length === 0 && sameBytes(earlierRoot, foldSubtrees([]));
  const path = isPowerOfTwo(earlierSize) ? [earlierRoot, ...proof] : proof;
  let [fn, sn] = [earlierSize - 1, size - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  const [first, ...rest] = path;
  if (!first) return false;
  let fr = first;
  let sr = first;
  for (const sibling of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(sibling, fr);
      sr = nodeHash(sibling, sr);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, half(sn)];
    } else {
      sr = nodeHash(sr, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && sameBytes(fr, earlierRoot) && sameBytes(sr, root);
}

/** A reader of the tiles of a tree held in memory, of any size up to the number of leaf hashes (packed) given. */
export function tilesInMemory(packedLeafHashes: Uint8Array): TileReader {
  const tiles = new Map(
    append(emptyTree, packedLeafHashes).tiles.map((t) => [`${t.level}/${t.index}`, t.hashes]),
  );
  return (level, index, width) => {
    const tile = tiles.get(`${level}/${index}`);
    return tile && tile.length >= width * HASH_SIZE
      ? Promise.resolve(tile.subarray(0, width * HASH_SIZE))
      : Promise.reject(new Error(`no tile ${level}/${index} of width ${width}`));
  };
}

/** The leaves [start, end) under a node of a proof. */
type Range = readonly [start: number, end: number];

function pathRanges(index: number, start: number, end: number): Range[] {
  if (end - start === 1) return [];
  const middle = start + splitPoint(end - start);
  return index < middle
    ? [...pathRanges(index, start, middle), [middle, end]]
    : [...pathRanges(index, middle, end), [start, middle]];
}

function subproofRanges(earlierSize: number, start: number, end: number, known: boolean): Range[] {
  if (earlierSize === end) return known ? [] : [[start, end]];
  const middle = start + splitPoint(end - start);
  return earlierSize <= middle
    ? [...subproofRanges(earlierSize, start, middle, known), [middle, end]]
    : [...subproofRanges(earlierSize, middle, end, false), [start, middle]];
}

/** k of RFC 6962 section 2.1: the largest power of two smaller than n. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

async function hashRanges(tiles: TileReader, ranges: readonly Range[], size: number): Promise<Uint8Array[]> {
  const read = rememberTiles(tiles);
  return Promise.all(ranges.map((range) => rangeHash(read, range, size)));
}

async function rangeHash(tiles: TileReader, [start, end]: Range, size: number): Promise<Uint8Array> {
  const subtrees: Promise<Uint8Array>[] = [];
  for (let at = start; at < end;) {
    const leaves = largestPowerOfTwoUpTo(end - at);
    subtrees.push(subtreeHash(tiles, Math.log2(leaves), at / leaves, size));
    at += leaves;
  }
  return foldSubtrees(await Promise.all(subtrees));
}

/** The root of the perfect subtree of `height` that is the `index`-th from the left: hashed up within one tile. */
async function subtreeHash(
  tiles: TileReader,
  height: number,
  index: number,
  size: number,
): Promise<Uint8Array> {
  const level = Math.floor(height / TILE_HEIGHT);
  const count = 2 ** (height % TILE_HEIGHT);
  const first = index * count;
  const tile = Math.floor(first / TILE_WIDTH);
  const width = tileWidth(level, tile, size);
  const bytes = await tiles(level, tile, width);
  if (bytes.length < width * HASH_SIZE)
    throw new Error(`tile ${level}/${tile} is less than ${width} hashes wide`);
  let hashes = bytes.subarray((first % TILE_WIDTH) * HASH_SIZE, ((first % TILE_WIDTH) + count) * HASH_SIZE);
  while (hashes.length > HASH_SIZE) hashes = parentHashes(hashes);
  return new Uint8Array(hashAt(hashes, 0));
}

/** A proof takes several hashes of one tile: it is read once. */
function rememberTiles(tiles: TileReader): TileReader {
  const seen = new Map<string, Promise<Uint8Array>>();
  return (level, index, width) => {
    const key = `${level}/${index}`;
    const reading = seen.get(key) ?? tiles(level, index, width);
    seen.set(key, reading);
    return reading;
  };
}

function largestPowerOfTwoUpTo(n: number): number {
  let k = 1;
  while (k * 2 <= n) k *= 2;
  return k;
}

function isPowerOfTwo(n: number): boolean {
  return largestPowerOfTwoUpTo(n) === n;
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isSize(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function allHashes(proof: readonly Uint8Array[], ...others: Uint8Array[]): boolean {
  return [...proof, ...others].every((hash) => hash.length === HASH_SIZE);
}
