import { describe, expect, it } from '@jest/globals';
import { canonicalJson, digestOf, type Json } from '@vouchsafe/transparency-log';
import { EXPORTER, LOG, inMemory } from './bundle.fixture.js';
import { KEY_HISTORY } from './container/names.js';
import { file, remanifest, withKeys, zipOf, type Content } from './forgery.fixture.js';
import { plainBundle, type PlainEntry } from './plain-bundle.fixture.js';
import { verifyBundle } from './every-way.fixture.js';
import type { Verification } from './verify-bundle.js';

/** Leaves that a dishonest log takes and its exporter signs: they hold only if they are what docs/formats.md calls a leaf. */
const WHO = {
  version: 2,
  source: 'shop',
  submitter: { type: 'api-key', id: 'k1' },
  provenance: 'asserted',
  recordedAt: '2026-11-20T10:00:00.000Z',
};
type Members = Readonly<Record<string, Json>>;
type Hidden = readonly [place: string, name: string, value: Json];

/** A leaf that is written by hand: `makeLeaf` would not write some of them. */
function leafOf(members: Members, hidden: readonly Hidden[] = [], opened = true): PlainEntry {
  const leaf: Record<string, Json> = { ...members };
  const disclosures = hidden.map(([place, name, value], i) => {
    const salt = Buffer.alloc(16, i + 1).toString('base64url');
    const disclosure = Buffer.from(canonicalJson([salt, name, value])).toString('base64url');
    const steps = place.split('.').filter(Boolean);
    let parent = leaf;
    for (const step of steps) {
      parent[step] = { ...((parent[step] ?? {}) as Members) };
      parent = parent[step];
    }
    parent._sd = [...((parent._sd ?? []) as string[]), digestOf(disclosure)].sort();
    leaf._sd_alg = 'sha-256';
    return disclosure;
  });
  return { leaf: Buffer.from(canonicalJson(leaf)), disclosures: opened ? disclosures : [] };
}

function without(name: keyof typeof WHO): Members {
  return Object.fromEntries(Object.entries(WHO).filter(([other]) => other !== name));
}

async function verified(content: Content | Promise<Content>): Promise<Verification> {
  return verifyBundle(inMemory(zipOf(await content)), [LOG.key, EXPORTER.key]);
}

describe('a leaf under a manifest of version 2 is refused', () => {
  const { version, submitter, ...ofVersion1 } = WHO;
  const [observed, asserted] = [{ provenance: 'observed' }, { provenance: 'asserted' }];
  it.each<[what: string, entry: PlainEntry]>([
    ['whose provenance is hidden', leafOf(without('provenance'), [['', 'provenance', 'asserted']], false)],
    ['whose provenance is disclosed', leafOf(without('provenance'), [['', 'provenance', 'observed']])],
    ['without a provenance', leafOf(without('provenance'))],
    ['of another provenance', leafOf({ ...WHO, provenance: 'OBSERVED?' })],
    ['without a submitter', leafOf(without('submitter'))],
    ['whose submitter is a text', leafOf({ ...WHO, submitter: 'x' })],
    ['whose submitter is of another type', leafOf({ ...WHO, submitter: { type: 'person', id: 'x' } })],
    ['whose submitter has no id', leafOf({ ...WHO, submitter: { type: 'session' } })],
    ['whose submitter says more', leafOf({ ...WHO, submitter: { ...submitter, name: 'x' } })],
    ['whose submitter is disclosed', leafOf(without('submitter'), [['', 'submitter', submitter]])],
    [
      'whose submitter has a hidden id',
      leafOf({ ...WHO, submitter: { type: 'api-key' } }, [['submitter', 'id', 'k1']]),
    ],
    ['without a version', leafOf(without('version'))],
    ['whose version is a text', leafOf({ ...WHO, version: '3' })],
    ['whose version is no whole number', leafOf({ ...WHO, version: 1.5 })],
    ['whose version is disclosed', leafOf(without('version'), [['', 'version', version]])],
    ['of version 0', leafOf({ ...WHO, version: 0 })],
    ['without a source', leafOf(without('source'))],
    ['whose source is hidden', leafOf(without('source'), [['', 'source', 'api']], false)],
    ['whose source is no text', leafOf({ ...WHO, source: 1 })],
    ['whose time is disclosed', leafOf(without('recordedAt'), [['', 'recordedAt', WHO.recordedAt]])],
    [
      'of version 1 that calls itself observed',
      leafOf({ ...ofVersion1, ...observed, source: 'api', version: 1 }),
    ],
    ['of version 1 that names a submitter', leafOf({ ...without('provenance'), version: 1 })],
    [
      'of version 1 to which a provenance is disclosed',
      leafOf({ source: 'api', version: 1, recordedAt: WHO.recordedAt }, [
        ['', 'provenance', asserted.provenance],
      ]),
    ],
  ])('%s', async (_, entry) => {
    const found = await verified(plainBundle(2, [entry]));
    expect(found).toMatchObject({ status: 'does-not-hold', file: file('entries'), line: 1 });
  });

  it('but not where all that may be hidden is', async () => {
    const hidden: Hidden[] = [
      ...['id', 'sourceIp', 'url', 'userAgent', 'requestId'].map((name): Hidden => ['', name, 'x']),
      ...['actor', 'entity'].map((place): Hidden => [place, 'id', 'x']),
      ['details', 'card', { number: 1 }],
      ['details', '__proto__', 1],
      ['details', 'provenance', 'observed'],
    ];
    for (const members of [WHO, { version: 1, source: 'api', recordedAt: WHO.recordedAt }]) {
      const clear = { ...members, actor: { type: 'user' }, entity: { type: 'document' } };
      for (const opened of [true, false]) {
        for (const manifest of [1, 2] as const) {
          const found = await verified(plainBundle(manifest, [leafOf(clear, hidden, opened)]));
          expect(found).toMatchObject({ status: 'holds' });
        }
      }
    }
  });
});

describe.each([1, 2] as const)('a leaf under a manifest of version %i is refused', (manifest) => {
  it.each<[what: string, entry: PlainEntry]>([
    ['of which the operation is disclosed', leafOf(WHO, [['', 'operation', 'x']])],
    ['of which a whole object is disclosed', leafOf(WHO, [['', 'details', { a: 1 }]])],
    ['of which __proto__ is disclosed', leafOf(WHO, [['', '__proto__', { provenance: 'observed' }]])],
    ['of which the type of the actor is disclosed', leafOf(WHO, [['actor', 'type', 'user']])],
    ['of which a part of a detail is disclosed', leafOf(WHO, [['details.card', 'number', '1']])],
    ['of which a part of a detail is hidden', leafOf(WHO, [['details.card', 'number', '1']], false)],
    ['that hides something elsewhere', leafOf(WHO, [['more', 'id', '1']], false)],
    ['that hides something in its submitter', leafOf(WHO, [['submitter', 'id', 'k1']], false)],
    ['that hides something in an object of its actor', leafOf(WHO, [['actor.of', 'id', 'x']], false)],
    [
      'of version 1 that hides something elsewhere',
      leafOf({ ...WHO, version: 1 }, [['more', 'id', 'x']], false),
    ],
    [
      'of version 1 of which the operation is disclosed',
      leafOf({ ...WHO, version: 1 }, [['', 'operation', 'x']]),
    ],
  ])('%s', async (_, entry) => {
    const found = await verified(plainBundle(manifest, [entry]));
    expect(found).toMatchObject({
      ...{ status: 'does-not-hold', file: file('entries'), line: 1 },
      why: expect.stringContaining('hides what may not be hidden'),
    });
  });
});

describe('the time of recording', () => {
  const at = (recordedAt: string): PlainEntry => leafOf({ ...WHO, recordedAt });

  it.each([1, 2] as const)('never falls while the index rises, in version %i', async (version) => {
    const [early, late] = [at('2026-11-02T10:00:00.000Z'), at('2026-11-20T10:00:00.000Z')];
    expect(await verified(plainBundle(version, [early, early, late]))).toMatchObject({ status: 'holds' });
    expect(await verified(plainBundle(version, [late, early]))).toMatchObject({
      ...{ status: 'does-not-hold', file: file('entries'), line: 2 },
      why: expect.stringContaining('before the entry in front of it'),
    });
  });

  it('nor between two runs of entries, which may be checked by two threads', async () => {
    const [early, late] = [at('2026-11-02T10:00:00.000Z'), at('2026-11-20T10:00:00.000Z')];
    for (const first of [1, 127, 128, 129, 256]) {
      const entries = Array.from({ length: 300 }, (_, index) => (index === first - 1 ? late : early));
      expect(await verified(plainBundle(2, entries))).toMatchObject({
        ...{ status: 'does-not-hold', file: file('entries'), line: first + 1 },
        why: expect.stringContaining('before the entry in front of it'),
      });
    }
  });

  it('so does not hide that a log’s key was retired before its last entry', async () => {
    const entries = [at('2026-11-20T10:00:00.000Z'), at('2026-11-02T10:00:00.000Z')];
    for (const [order, named] of [
      [entries, file('entries')],
      [entries.toReversed(), KEY_HISTORY],
    ] as const) {
      const content = withKeys(await plainBundle(2, order), [
        { key: LOG.key, use: 'log', to: '2026-11-03T00:00:00.000Z' },
        { key: EXPORTER.key, use: 'manifest' },
      ]);
      const found = await verified(remanifest(content, EXPORTER.signer));
      expect(found).toMatchObject({ status: 'does-not-hold', file: named });
    }
  });

  it.each(['2026-11-31T10:00:00.000Z', '2026-11-20T24:00:00.000Z', '2026-11-20T10:60:00.000Z'])(
    'is a time that there is, not %s',
    async (recordedAt) => {
      for (const version of [1, 2] as const) {
        const found = await verified(plainBundle(version, [at(recordedAt)]));
        expect(found).toMatchObject({ status: 'does-not-hold', file: file('entries'), line: 1 });
      }
    },
  );
});

it.each([
  { createdAt: '9999-99-99T99:99:99.999Z' },
  { createdAt: '2026-02-31T00:00:00.000Z' },
  { range: { from: '0000-00-00T00:00:00.000Z', to: '9999-99-99T99:99:99.999Z' } },
])('a manifest has real times: not %j', async (change) => {
  for (const version of [1, 2] as const) {
    const content = await plainBundle(version, [leafOf(WHO)]);
    const found = await verified(remanifest(content, EXPORTER.signer, (m) => ({ ...m, ...change })));
    expect(found).toMatchObject({
      status: 'unreadable',
      why: expect.stringContaining('members of a manifest'),
    });
  }
});
