import { beforeAll, describe, expect, it } from '@jest/globals';
import { makeLeaf, type Json } from '@vouchsafe/transparency-log';
import { EXPORTER, LOG, LOG_ID, bundleFixture, inMemory } from './bundle.fixture.js';
import { inPlainWords } from './command/plain-words.js';
import { MANIFEST_NOTE } from './container/names.js';
import { edit, file, remanifest, zipOf, type Content } from './forgery.fixture.js';
import { plainBundle, type PlainEntry } from './plain-bundle.fixture.js';
import { verifyBundle } from './every-way.fixture.js';
import type { Verification } from './verify-bundle.js';

const KEYS = [LOG.key, EXPORTER.key];
const verified = (content: Content): Promise<Verification> => verifyBundle(inMemory(zipOf(content)), KEYS);

function entryOf(members: Readonly<Record<string, Json>>, index = 0): PlainEntry {
  const recordedAt = new Date(Date.UTC(2026, 10, 2) + index * 1000).toISOString();
  const made = makeLeaf({ operation: 'document.read', recordedAt, ...members }, [
    { path: ['details', 'note'], value: `=1;+1 ${index}`, salt: Buffer.alloc(16, index) },
  ]);
  if (made.status !== 'made') throw new Error(made.status);
  return { leaf: made.leaf, disclosures: made.disclosures.map((d) => d.disclosure) };
}

/** A log that went from leaves of version 1 to those of version 2. */
const ENTRIES = Array.from({ length: 300 }, (_, index) =>
  entryOf(
    index < 150
      ? { version: 1, source: index % 2 === 0 ? 'api' : 'identity' }
      : {
          version: 2,
          source: 'shop',
          submitter: { type: 'api-key', id: 'k1' },
          provenance: index % 2 === 0 ? 'asserted' : 'observed',
          occurredAt: '2026-11-02T10:00:00.123456789Z',
        },
    index,
  ),
);

describe.each([1, 2] as const)('a bundle of version %i', (version) => {
  let content: Content;
  beforeAll(async () => {
    content = await plainBundle(version, ENTRIES);
  });

  it('holds, with leaves of both versions in it', async () => {
    expect(await verified(content)).toMatchObject({ status: 'holds', manifest: { version } });
  });

  it('tells its versions, and how many entries do not say who submitted them', async () => {
    const out = inPlainWords('bundle.zip', await verified(content));
    expect(out).toContain(
      `The manifest is of version ${version}, entries.csv of version ${version}, ocsf.ndjson of version ${version}`,
    );
    expect(out).toContain('150 of the entries are of version 1: they do not say who submitted them');
    expect(out.includes('exporters now write version 2')).toBe(version === 1);
  });

  it.each(['csv', 'ocsf'] as const)(
    'is held to the rules of its own version, not the other’s: %s',
    async (name) => {
      const other = await plainBundle(version === 1 ? 2 : 1, ENTRIES);
      const mixed = edit(content, file(name), () => other.get(file(name)) ?? Buffer.alloc(0));
      const found = await verified(remanifest(mixed, EXPORTER.signer));
      expect(found).toMatchObject({ status: 'does-not-hold', file: file(name) });
    },
  );

  it('has a note of its own version', async () => {
    const otherNote = remanifest(content, EXPORTER.signer, (m) => ({ ...m, version: version === 1 ? 2 : 1 }));
    const mixed = new Map(content).set(MANIFEST_NOTE, otherNote.get(MANIFEST_NOTE) ?? Buffer.alloc(0));
    expect(await verified(mixed)).toMatchObject({ status: 'does-not-hold' });
  });

  it('cannot call itself another', async () => {
    const renamed = remanifest(content, EXPORTER.signer, (m) => ({ ...m, version: version === 1 ? 2 : 1 }));
    expect(await verified(renamed)).toMatchObject({
      status: 'unreadable',
      why: expect.stringContaining('members of a manifest'),
    });
  });

  it('that a later version made needs a newer verifier, and is called neither good nor bad', async () => {
    const changes: [words: string, change: (m: object) => object][] = [
      ['manifest.json: it is of version 3', (m) => ({ ...m, version: 3 })],
      ['entries.csv is of version 3', (m) => ({ ...m, version: 2, formats: { csv: 3, ocsf: 2 } })],
      ['ocsf.ndjson is of version 4', (m) => ({ ...m, version: 2, formats: { csv: 2, ocsf: 4 } })],
      [
        'manifest.json: it is of version 3',
        (m) => ({ ...m, version: 3, formats: 'of another kind', logs: 1 }),
      ],
    ];
    for (const [words, change] of changes) {
      const found = await verified(remanifest(content, EXPORTER.signer, change));
      expect(found.status).toBe('unreadable');
      const out = inPlainWords('bundle.zip', found);
      expect(out).toContain(words);
      expect(out).toContain('a newer verifier is needed');
    }
    const newer = await plainBundle(version, [...ENTRIES, entryOf({ version: 3, source: 'shop' }, 300)]);
    const found = await verified(newer);
    expect(inPlainWords('bundle.zip', found)).toContain(
      `${LOG_ID}/entries.ndjson, line 301, is of version 3: a newer verifier is needed`,
    );
    expect(found.status).toBe('unreadable');
  });
});

it('what the exporter writes today holds', async () => {
  const { zip } = await bundleFixture();
  expect(await verifyBundle(inMemory(zip), KEYS)).toMatchObject({ status: 'holds' });
});
