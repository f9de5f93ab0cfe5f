import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeEntryBundle,
  encodeEntryBundle,
  entryBundlePath,
  parseTilePath,
  tilePath,
  tileWidth,
  tilesFor,
} from './tile.js';
import { leafHashes } from './hash.js';
import { inclusionProof, consistencyProof, tilesInMemory } from './proof.js';

describe('tiles', () => {
  it('have the paths of c2sp.org/tlog-tiles', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(tilePath({ level: 63, index: 0, width: 1 })).toBe('tile/63/000.p/1');
    expect(entryBundlePath(1000, 255)).toBe('tile/entries/x001/000.p/255');
  });

  it('are found again by their paths', () => {
    const id = fc.record({
      level: fc.nat(63),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(id, (tile) => {
        expect(parseTilePath(tilePath(tile))).toEqual({ kind: 'hashes', ...tile });
        const { index, width } = tile;
        expect(parseTilePath(entryBundlePath(index, width))).toEqual({ kind: 'entries', index, width });
      }),
    );
  });

  it.each([
    'tile/64/000',
    'tile/00/000',
    'tile/0/0',
    'tile/0/x000/000',
    'tile/0/000/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/1/',
    'tile/data/000',
    '/tile/0/000',
    'tile/0/../000',
  ])('%s is no path', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('are as wide as the specification’s example of 70,000 entries says', () => {
    expect(tileWidth(0, 272, 70_000)).toBe(256);
    expect(tileWidth(0, 273, 70_000)).toBe(112);
    expect(tileWidth(0, 274, 70_000)).toBe(0);
    expect(tileWidth(1, 0, 70_000)).toBe(256);
    expect(tileWidth(1, 1, 70_000)).toBe(17);
    expect(tileWidth(2, 0, 70_000)).toBe(1);
    expect([tileWidth(0, 0, 256), tileWidth(1, 0, 256)]).toEqual([256, 1]);
  });

  it('that `tilesFor` names are enough for the proofs of its leaves', async () => {
    const all = leafHashes(Array.from({ length: 66_500 }, (_, i) => Buffer.from(`${i}`)));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 66_500 }), fc.nat(), async (size, pick) => {
        const index = pick % size;
        const named = new Set(tilesFor(size, [index]).map(tilePath));
        const every = tilesInMemory(all.subarray(0, size * 32));
        const only: typeof every = (level, i, width) => {
          expect(named).toContain(tilePath({ level, index: i, width }));
          return every(level, i, width);
        };
        await inclusionProof(only, index, size);
        await consistencyProof(only, index + 1, size);
      }),
      { numRuns: 30 },
    );
    expect(() => tilesFor(5, [5])).toThrow('not in a tree');
  });
});

describe('entry bundles', () => {
  it('give back their entries', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)));
    fc.assert(
      fc.property(entries, (all) => {
        expect(decodeEntryBundle(encodeEntryBundle(all))?.map((e) => Buffer.from(e))).toEqual(all);
      }),
    );
  });

  it('write the length in two bytes, big-endian, and so hold at most 65,535 bytes an entry', () => {
    expect(Buffer.from(encodeEntryBundle([Buffer.alloc(258, 7)])).subarray(0, 3)).toEqual(
      Buffer.from([1, 2, 7]),
    );
    expect(encodeEntryBundle([Buffer.alloc(65_535)])).toHaveLength(65_537);
    expect(() => encodeEntryBundle([Buffer.alloc(65_536)])).toThrow('65,535');
  });

  it('cut off are none', () => {
    const bundle = encodeEntryBundle([Buffer.from('one'), Buffer.from('two')]);
    for (let n = 1; n < bundle.length; n++) {
      if (n !== 5) expect(decodeEntryBundle(bundle.subarray(0, n))).toBeUndefined();
    }
  });
});
