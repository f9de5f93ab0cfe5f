import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeVerifierKey, makeLeaf, type Disclosable, type Json } from '@vouchsafe/transparency-log';
import { EXPORTER, LOG, inMemory } from './bundle.fixture.js';
import { file, zipOf } from './forgery.fixture.js';
import { plainBundle, type PlainEntry } from './plain-bundle.fixture.js';
import { runProgram, singleFile } from './program.fixture.js';
import { verifyBundle } from './every-way.fixture.js';

/**
 * Every entry that a log can hold is verified, whatever the sizes of its parts, with everything disclosed, and whether or
 * not this process has read anything before.
 */
const salt = Buffer.alloc(16, 5);
const SCRIPTS = 'aé߿ࠀ€ह日🙂𝒳\u{10ffff}\u0001"\\\u2028\u200f';

function nested(depth: number): Json {
  return JSON.parse(`${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`) as Json;
}

function values(count: number, value: (i: number) => Json): Disclosable[] {
  return Array.from({ length: count }, (_, i) => ({ path: ['details', `d${i}`], value: value(i), salt }));
}

const WHO = {
  version: 2,
  source: 'shop',
  submitter: { type: 'api-key', id: 'key-1' },
  provenance: 'asserted',
};

const SWEEP: [what: string, clear: Record<string, Json>, disclosable: Disclosable[]][] = [
  ['nothing', {}, []],
  ...[0, 1, 30, 255, 256, 1000, 3000, 4095, 4096, 4097, 10_000, 65_535, 300_000].map(
    (length): (typeof SWEEP)[number] => [
      `a disclosed text of ${length} characters`,
      {},
      [{ path: ['details', 'note'], value: 'n'.repeat(length), salt }],
    ],
  ),
  // A line of disclosures is 1 MiB at most; here it is nearly that, of what is written most slowly.
  ...['"', '\\', ',=', '[]', 'n'].map((unit): (typeof SWEEP)[number] => [
    `a disclosed text of nothing but ${unit}`,
    {},
    [{ path: ['details', 'note'], value: unit.repeat(380_000 / unit.length), salt }],
  ]),
  ...[1, 2, 7, 40, 100, 300, 1300].map((count): (typeof SWEEP)[number] => [
    `${count} disclosed values`,
    {},
    values(count, (i) => `value ${i}`),
  ]),
  ...Array.from(SCRIPTS).map((character): (typeof SWEEP)[number] => [
    `texts and names of U+${(character.codePointAt(0) ?? 0).toString(16)}`,
    { details: { [character.repeat(300)]: character.repeat(3000) } },
    [
      { path: ['details', character.repeat(299)], value: character.repeat(5000), salt },
      { path: ['url'], value: character, salt },
    ],
  ]),
  ['a name of 10,000 characters', {}, [{ path: ['details', 'n'.repeat(10_000)], value: 1, salt }]],
  ...[1, 10, 30].map((depth): (typeof SWEEP)[number] => [
    `values nested ${2 * depth} deep`,
    { details: { clear: nested(depth) } },
    [{ path: ['details', 'hidden'], value: nested(depth), salt }],
  ]),
  [
    'numbers of every form',
    { details: { n: [0, -1, 1e21, 1e-7, 5e-324, 2 ** 53 - 1, 0.1] } },
    values(3, (i) => i / 3),
  ],
  [
    'names that are numbers',
    { details: { '10': 1, '9': 2 } },
    values(2, (i) => ({ [`${20 - i}`]: i, '1': 0 })),
  ],
  [
    'names that JavaScript treats specially',
    {
      details: Object.fromEntries([
        ['toString', 1],
        ['constructor', { prototype: 2 }],
      ]) as Record<string, Json>,
    },
    [{ path: ['details', '__proto__'], value: Object.fromEntries([['__proto__', { a: 1 }]]), salt }],
  ],
  ['a leaf of 65,535 bytes', ...filled(values(1, () => 'y'.repeat(3000)))],
  ['a leaf of 65,535 bytes with 300 values', ...filled(values(300, (i) => `value ${i}`))],
  ['a leaf of 65,535 bytes, all in the clear', ...filled([])],
];

/** As much in the clear as a leaf can still hold. */
function filled(disclosable: Disclosable[]): [Record<string, Json>, Disclosable[]] {
  const { length } = entryOf({ pad: '' }, disclosable).leaf;
  return [{ pad: 'x'.repeat(65_535 - length) }, disclosable];
}

function entryOf(clear: Record<string, Json>, disclosable: Disclosable[]): PlainEntry {
  const made = makeLeaf(
    { ...WHO, recordedAt: '2026-11-02T00:00:00.000Z', operation: 'x', ...clear },
    disclosable,
  );
  if (made.status !== 'made') throw new Error(JSON.stringify(made));
  return { leaf: made.leaf, disclosures: made.disclosures.map((d) => d.disclosure) };
}

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-sizes-'));
const keys = [LOG.key, EXPORTER.key];
let program: string;
beforeAll(() => {
  program = singleFile(folder).file;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe.each([1, 2] as const)('in a bundle of version %i', (version) => {
  const bundle = join(folder, `bundle-${version}.zip`);

  it.each(SWEEP)('an entry with %s holds, here and in a fresh process', async (_, clear, disclosable) => {
    const zip = zipOf(await plainBundle(version, [entryOf(clear, disclosable)]));
    expect(await verifyBundle(inMemory(zip), keys)).toMatchObject({ status: 'holds' });
    // What a process has read before is kept by the code that both versions share: one of them tells.
    if (version === 1) return;
    writeFileSync(bundle, zip);
    const ran = runProgram(program, [bundle, ...keys.flatMap((key) => ['--vkey', encodeVerifierKey(key)])]);
    expect(ran).toMatchObject({ code: 0, err: '' });
  });

  it.each([
    ['ascending', SWEEP],
    ['descending', SWEEP.toReversed()],
  ])('all of them together hold, in %s order', async (_, sweep) => {
    const entries = sweep.map(([, clear, disclosable]) => entryOf(clear, disclosable));
    const zip = zipOf(await plainBundle(version, entries));
    expect(await verifyBundle(inMemory(zip), keys)).toMatchObject({ status: 'holds' });
  });
});

it.each([1, 2] as const)(
  'a deep value in its place holds up to the 64th level, and no further: version %i',
  async (version) => {
    // `other` shows the actor as a whole: two levels above the id's own.
    const bundleOf = async (levels: number) => {
      const value = JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as Json;
      return zipOf(await plainBundle(version, [entryOf({}, [{ path: ['actor', 'id'], value, salt }])]));
    };
    expect(await verifyBundle(inMemory(await bundleOf(62)), keys)).toMatchObject({ status: 'holds' });
    expect(await verifyBundle(inMemory(await bundleOf(63)), keys)).toMatchObject({
      ...{ status: 'does-not-hold', file: file('entries'), line: 1 },
      why: expect.stringContaining('nested deeper'),
    });
  },
);
