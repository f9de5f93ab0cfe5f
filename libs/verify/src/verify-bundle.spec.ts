import { beforeAll, describe, expect, it } from '@jest/globals';
import { EXPORTER, LOG, LOG_ID, ORIGIN, bundleFixture, inMemory, type Fixture } from './bundle.fixture.js';
import { inPlainWords } from './command/plain-words.js';
import { LOG_KEYS, MANIFEST_KEY, README } from './container/names.js';
import { verifyBundle } from './every-way.fixture.js';

const KEYS = [LOG.key, EXPORTER.key];
let contiguous: Fixture;

beforeAll(async () => {
  contiguous = await bundleFixture();
});

describe('a bundle as it was written', () => {
  it('holds against the keys of its log and of its exporter', async () => {
    const found = await verifyBundle(inMemory(contiguous.zip), KEYS);
    expect(found).toMatchObject({ status: 'holds', signer: EXPORTER.key.name });
    const words = inPlainWords('bundle.zip', found);
    expect(words).toContain('each of the 451 entries, between index 200 and 650, is in the log, unchanged');
    expect(words).toContain('nothing between index 200 and 650 was left out');
    expect(words).toContain('or after index 650 belongs to the requested time is a claim of the manifest');
    expect(words).toContain('the manifest says that 4 entries have personal values that were erased');
    expect(words).toContain('4 checkpoints published before: the log has only grown');
  });

  it.each([
    [{ first: 0, last: 699 }, 'these are all entries that the log had at its checkpoint'],
    [{ first: 0 }, 'that no entry after index 650 belongs to the requested time'],
    [{ last: 699 }, 'that no entry before index 200 belongs to the requested time'],
  ])('is known to be complete at the ends of the log alone: %j', async (options, words) => {
    const { zip } = await bundleFixture(options);
    expect(inPlainWords('bundle.zip', await verifyBundle(inMemory(zip), KEYS))).toContain(words);
  });

  it('holds only against its own keys when none are given', async () => {
    const found = await verifyBundle(inMemory(contiguous.zip));
    expect(found.status).toBe('holds-by-its-own-keys');
    expect(inPlainWords('bundle.zip', found)).toContain('ONLY AGAINST THE KEYS INSIDE IT');
  });

  it('has every file of the layout', () => {
    const names = contiguous.files.map((file) => file.name);
    for (const name of [
      README,
      LOG_KEYS,
      MANIFEST_KEY,
      'keys/history.json',
      'manifest.json',
      'manifest.note',
    ]) {
      expect(names).toContain(name);
    }
    expect(names.filter((name) => name.startsWith(`${LOG_ID}/`))).toEqual([
      `${LOG_ID}/disclosures.ndjson`,
      ...[1, 256, 300, 699].map((size) => `${LOG_ID}/earlier-checkpoints/${size}`),
      `${LOG_ID}/entries.csv`,
      `${LOG_ID}/entries.ndjson`,
      `${LOG_ID}/indices.txt`,
      `${LOG_ID}/log/checkpoint`,
      `${LOG_ID}/log/tile/0/000`,
      `${LOG_ID}/log/tile/0/001`,
      `${LOG_ID}/log/tile/0/002.p/188`,
      `${LOG_ID}/log/tile/1/000.p/2`,
      `${LOG_ID}/log/tile/entries/001`,
      `${LOG_ID}/ocsf.ndjson`,
    ]);
  });

  it.each([
    [
      'of a filtered export, which claims inclusion alone',
      { claim: 'inclusion', keep: (i: number) => i % 7 === 0 },
    ],
    [
      'with expired entries at the start, inside and at the end',
      {
        expired: [
          [200, 300],
          [400, 400],
          [640, 650],
        ],
      },
    ],
    ['of a whole log', { size: 512, first: 0, last: 511 }],
    ['of one entry', { size: 1, first: 0, last: 0 }],
    ['of no entries', { keep: () => false }],
    ['of a tree of 66,000 entries', { size: 66_000, first: 65_000, last: 65_999 }],
  ] as const)('holds: %s', async (_, options) => {
    const { zip } = await bundleFixture(options);
    expect((await verifyBundle(inMemory(zip), KEYS)).status).toBe('holds');
  });

  it.each([
    [
      'no key of the log',
      [EXPORTER.key],
      `none of the keys is the one that signed it in the name of "${ORIGIN}"`,
    ],
    ["no key of the manifest's", [LOG.key], 'none of the keys for manifests is that one'],
  ])('does not hold against %s', async (_, keys, why) => {
    const found = await verifyBundle(inMemory(contiguous.zip), keys);
    expect(found.status === 'does-not-hold' && found.why).toContain(why);
  });
});
