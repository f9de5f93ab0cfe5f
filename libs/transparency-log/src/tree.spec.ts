import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emptyRoot, leafHash, leafHashes, nodeHash } from './hash.js';
import {
  consistencyProof,
  inclusionProof,
  rootFromTiles,
  tilesInMemory,
  verifyConsistency,
  verifyInclusion,
} from './proof.js';
import { append, emptyTree, rootOf, type RightEdge } from './tree.js';

// The reference tree of certificate-transparency (cpp/merkletree/merkle_tree_test.cc), used by every implementation.
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION: [index: number, size: number, proof: string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const CONSISTENCY: [earlier: number, size: number, proof: string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const tiles = tilesInMemory(leafHashes(LEAVES));

describe('the reference tree of RFC 6962', () => {
  it('hashes nothing to the hash of the empty string', () => {
    expect(hex(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(rootOf(emptyTree)).toEqual(emptyRoot());
  });

  it.each(ROOTS.map((root, i) => [i + 1, root] as const))(
    'has the published root at size %i',
    async (size, root) => {
      expect(hex(rootOf(append(emptyTree, leafHashes(LEAVES.slice(0, size))).tree))).toBe(root);
      expect(hex(await rootFromTiles(tiles, size))).toBe(root);
    },
  );

  it.each(INCLUSION)(
    'has the published proof of leaf %i in the tree of %i',
    async (index, size, published) => {
      const proof = await inclusionProof(tiles, index, size);
      expect(proof.map(hex)).toEqual(published);
      const leaf = leafHash(LEAVES[index] ?? Buffer.alloc(0));
      expect(verifyInclusion(proof, index, size, leaf, Buffer.from(ROOTS[size - 1] ?? '', 'hex'))).toBe(true);
    },
  );

  it.each(CONSISTENCY)('has the published proof from size %i to %i', async (earlier, size, published) => {
    const proof = await consistencyProof(tiles, earlier, size);
    expect(proof.map(hex)).toEqual(published);
    const [before, after] = [earlier, size].map((n) => Buffer.from(ROOTS[n - 1] ?? '', 'hex'));
    expect(verifyConsistency(proof, earlier, size, before ?? tiny, after ?? tiny)).toBe(true);
  });
});

const tiny = Buffer.alloc(0);
const hashes = (n: number): Uint8Array =>
  leafHashes(Array.from({ length: n }, (_, i) => Buffer.from(`leaf ${i}`)));
const anySize = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 250, max: 700 }),
  fc.constant(66_000),
);

describe('a tree appended to in parts', () => {
  it('is the tree appended to at once: same edge, same tiles', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 6 }), (parts) => {
        const all = hashes(parts.reduce((a, b) => a + b, 0));
        const grown = new Map<string, Buffer>();
        let tree: RightEdge = emptyTree;
        for (const part of parts) {
          const step = append(tree, all.subarray(tree.size * 32, (tree.size + part) * 32));
          for (const tile of step.tiles) {
            const before = grown.get(`${tile.level}/${tile.index}`) ?? Buffer.alloc(0);
            expect(before.length).toBe(tile.start * 32);
            grown.set(`${tile.level}/${tile.index}`, Buffer.concat([before, tile.hashes]));
          }
          tree = step.tree;
        }
        const atOnce = append(emptyTree, all);
        expect(tree.size).toBe(atOnce.tree.size);
        expect(hex(tree.edge)).toBe(hex(atOnce.tree.edge));
        expect(new Map([...grown].map(([id, bytes]) => [id, hex(bytes)]))).toEqual(
          new Map(atOnce.tiles.map((t) => [`${t.level}/${t.index}`, hex(t.hashes)])),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('refuses an edge that is not of its size', () => {
    expect(() => append({ size: 3, edge: Buffer.alloc(32) }, hashes(1))).toThrow('does not fit');
    expect(() => append(emptyTree, Buffer.alloc(33))).toThrow('32 bytes');
  });
});

describe('proofs', () => {
  it('of any leaf in any tree hold, and none holds with a bit flipped anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(anySize, fc.nat(), fc.nat(), async (size, pick, flip) => {
        const all = hashes(size);
        const index = pick % size;
        const root = rootOf(append(emptyTree, all).tree);
        const leaf = all.subarray(index * 32, index * 32 + 32);
        const proof = await inclusionProof(tilesInMemory(all), index, size);
        expect(verifyInclusion(proof, index, size, leaf, root)).toBe(true);
        const bytes = Buffer.concat([leaf, root, ...proof]);
        const bit = flip % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const [badLeaf = tiny, badRoot = tiny, ...badProof] = split(bytes);
        expect(verifyInclusion(badProof, index, size, badLeaf, badRoot)).toBe(false);
        expect(verifyInclusion([...proof, leaf], index, size, leaf, root)).toBe(false);
        if (proof.length > 0) expect(verifyInclusion(proof.slice(1), index, size, leaf, root)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('between any two sizes hold, and none holds with a bit flipped anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(anySize, fc.nat(), fc.nat(), async (size, pick, flip) => {
        const all = hashes(size);
        const earlier = pick % (size + 1);
        const root = rootOf(append(emptyTree, all).tree);
        const before = rootOf(append(emptyTree, all.subarray(0, earlier * 32)).tree);
        const proof = await consistencyProof(tilesInMemory(all), earlier, size);
        expect(verifyConsistency(proof, earlier, size, before, root)).toBe(true);
        // The empty tree's proof says nothing of the new root (RFC 9162 section 2.1.4.2).
        const bytes = Buffer.concat(earlier === 0 ? [before] : [before, root, ...proof]);
        const bit = flip % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const [badBefore = tiny, badRoot = root, ...badProof] = split(bytes);
        expect(verifyConsistency(badProof, earlier, size, badBefore, badRoot)).toBe(false);
        expect(verifyConsistency([...proof, nodeHash(root, root)], earlier, size, before, root)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('are refused for leaves and sizes that are not there', async () => {
    await expect(inclusionProof(tiles, 8, 8)).rejects.toThrow(RangeError);
    await expect(consistencyProof(tiles, 9, 8)).rejects.toThrow(RangeError);
    expect(verifyInclusion([], 0, 0, emptyRoot(), emptyRoot())).toBe(false);
    expect(verifyInclusion([], -1, 1, emptyRoot(), emptyRoot())).toBe(false);
    expect(verifyInclusion([], 0, 1, tiny, tiny)).toBe(false);
  });
});

function split(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32));
}
