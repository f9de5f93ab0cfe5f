import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  COSIGNATURE_V1,
  ed25519Signer,
  emptyRoot,
  signCheckpoint,
  verifierKey,
  type NoteSigner,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import {
  EXPORTER,
  LOG,
  LOG_ID,
  ORIGIN,
  bundleFixture,
  inMemory,
  type Fixture,
  type FixtureOptions,
} from './bundle.fixture.js';
import { remanifest, withKeys, without, zipOf, type Content } from './forgery.fixture.js';
import { inPlainWords } from './command/plain-words.js';
import { KEY_HISTORY, LOG_KEYS, MANIFEST_KEY, MANIFEST_NOTE } from './container/names.js';
import type { Manifest } from './manifest/manifest.js';
import { verifyBundle } from './every-way.fixture.js';
import type { Verification } from './verify-bundle.js';

/**
 * The exporter's own key signs all of this: no signature gives him away. What he makes up is refused where something in
 * the bundle contradicts it, and told as his word where nothing could.
 */
const KEYS = [LOG.key, EXPORTER.key];
let honest: Fixture;

beforeAll(async () => {
  honest = await bundleFixture();
});

const verified = (content: Content, keys?: readonly VerifierKey[]): Promise<Verification> =>
  verifyBundle(inMemory(zipOf(content)), keys);

function signed(change: (manifest: Manifest) => Manifest, content: Content = honest.content): Content {
  return remanifest(content, EXPORTER.signer, change);
}

function inLog(change: (log: Manifest['logs'][number]) => Partial<Manifest['logs'][number]>) {
  return (manifest: Manifest): Manifest => ({
    ...manifest,
    logs: manifest.logs.map((log) => ({ ...log, ...change(log) })),
  });
}

describe('what nothing in the bundle contradicts is told as the manifest’s word', () => {
  const told: [what: string, options: FixtureOptions, words: string[], never: string[]][] = [
    [
      'that the log has no entries in this time',
      { keep: () => false },
      ['that there are none to include is a claim of the manifest, which nothing in the bundle proves'],
      ['it has no entries', 'left out', 'is in the log, unchanged'],
    ],
    [
      'that the entries end where he cut them off',
      { last: 300 },
      [
        'nothing between index 200 and 300 was left out',
        'that no entry before index 200 or after index 300 belongs to the requested time is a claim of the manifest',
      ],
      ['these are all'],
    ],
    [
      'that entries expired which he would not show',
      { expired: [[300, 310]] },
      [
        'nothing between index 200 and 650 was left out but 11 that the manifest calls expired',
        'the manifest says that 11 entries have reached the end of their retention',
      ],
      ['was left out\n', 'content is gone'],
    ],
    [
      'that a log continues one that nobody knows',
      {
        change: (request) => ({
          ...request,
          logs: request.logs.map((log) => ({
            ...log,
            predecessor: { id: 'log-aaaaaaaaaaaa', size: 5, root: Buffer.alloc(32).toString('base64') },
          })),
        }),
      },
      ['the manifest says that it continues log "log-aaaaaaaaaaaa"'],
      ['    - it continues'],
    ],
    [
      'which entries match his filter, are erased, are held',
      { claim: 'inclusion', change: (request) => ({ ...request, filter: { operation: 'x' } }) },
      [
        'where "operation" = "x"',
        'whether it matches the filter was not checked',
        'entries may be missing from it',
        'the manifest says that 4 entries have personal values that were erased',
        'the manifest says that 35 entries are under a legal hold',
      ],
      ['nobody can open', 'was left out'],
    ],
  ];
  it.each(told)('%s', async (_, options, words, never) => {
    const { zip } = await bundleFixture(options);
    const found = await verifyBundle(inMemory(zip), KEYS);
    expect(found.status).toBe('holds');
    const out = inPlainWords('bundle.zip', found);
    for (const word of words) expect(out).toContain(word);
    for (const word of never) expect(out.replace('claim that nothing was left out', '')).not.toContain(word);
  });
});

describe('what the manifest contradicts itself in is refused', () => {
  const contradictions: [what: string, change: (manifest: Manifest) => Manifest, why: string][] = [
    [
      'nothing was to be opened, and values are',
      (m) => ({ ...m, disclosed: [] }),
      'says that none were asked for',
    ],
    ['a filter beside a contiguous range', (m) => ({ ...m, filter: { operation: 'x' } }), 'names a filter'],
    [
      'escape codes in the id of the export',
      (m) => ({ ...m, exportId: 'x\u001b[2J' }),
      'members of a manifest',
    ],
    [
      'a mark that turns the writing',
      (m) => ({ ...m, organizationId: 'org\u202e1' }),
      'members of a manifest',
    ],
    ['an origin of controls', inLog(() => ({ origin: `a\u009b2J/${LOG_ID}` })), 'members of a manifest'],
  ];
  it.each(contradictions)('%s', async (_, change, why) => {
    const found = await verified(signed(change), KEYS);
    expect(found).toMatchObject({ status: 'unreadable', why: expect.stringContaining(why) });
  });

  it('one log in two folders, so that its entries count twice', async () => {
    const forged = signed(
      (m) => ({ ...m, logs: m.logs.flatMap((log) => [log, { ...log, id: OTHER_ID }]) }),
      new Map([...honest.content, ...renamed(honest.content)]),
    );
    expect(await verified(forged, KEYS)).toMatchObject({
      status: 'unreadable',
      why: expect.stringContaining('its origin does not end in its id'),
    });
  });

  it('a manifest that an operator signed whose key nobody gave', async () => {
    const [id, origin] = [OTHER_ID, `evil.example/${OTHER_ID}`];
    const evil = ed25519Signer('evil.example/exports', Buffer.alloc(32, 9));
    const forged = await withEmptyLog(honest.content, id, origin, evil);
    expect(await verified(forged.content, [...KEYS, forged.key])).toMatchObject({ status: 'does-not-hold' });
    // An operator who was renamed has logs of both names, and one key for exports.
    const renamed = await withEmptyLog(honest.content, id, origin, EXPORTER);
    expect(await verified(renamed.content, [...KEYS, renamed.key])).toMatchObject({ status: 'holds' });
    const ours = await withEmptyLog(honest.content, id, `audit.example.com/${id}`, EXPORTER);
    expect(await verified(ours.content, [...KEYS, ours.key])).toMatchObject({ status: 'holds' });
  });

  it('two names that are one on a system without case', async () => {
    const why = expect.stringContaining('upper and lower case');
    const id = LOG_ID.toUpperCase();
    const twoLogs = await withEmptyLog(honest.content, id, `audit.example.com/${id}`, EXPORTER);
    expect(await verified(twoLogs.content, [...KEYS, twoLogs.key])).toMatchObject({
      status: 'unreadable',
      why,
    });
    const twoFiles = new Map(honest.content).set('readme.txt', Buffer.from('Another one.\n'));
    expect(
      await verified(
        signed((m) => m, twoFiles),
        KEYS,
      ),
    ).toMatchObject({ status: 'unreadable', why });
  });

  it('a log under another log’s id, which CSV and OCSF then name', async () => {
    const others = [...honest.content].filter(([name]) => !name.startsWith(LOG_ID));
    const forged = signed(
      inLog(() => ({ id: OTHER_ID })),
      new Map([...others, ...renamed(honest.content)]),
    );
    expect(await verified(forged, KEYS)).toMatchObject({ status: 'unreadable' });
  });
});

describe('what the log contradicts is refused', () => {
  it('an entry called expired of which not even the hash is there', async () => {
    const { content } = await bundleFixture({ first: 200, last: 650, expired: [[256, 520]] });
    const tile = `${LOG_ID}/log/tile/0/001`;
    const found = await verified(
      signed((m) => m, without(content, tile)),
      KEYS,
    );
    expect(found).toMatchObject({ status: 'does-not-hold', file: tile });
  });
});

describe('only a key for manifests signs a manifest', () => {
  const others: [who: string, signer: NoteSigner, key: VerifierKey][] = [
    ...['audit.example.com/log-of-somebody-else', 'other.example.com/exports'].map(
      (name): [string, NoteSigner, VerifierKey] => {
        const { signer, key } = ed25519Signer(name, Buffer.alloc(32, 9));
        return [`the key of ${name}`, signer, key];
      },
    ),
    ['a witness', ...witness('witness.example')],
    ['a witness of the exporter’s name', ...witness(EXPORTER.key.name)],
  ];
  it.each(others)('not %s, though the reader knows the key', async (_, signer, key) => {
    const content = withKeys(honest.content, [
      { key: LOG.key, use: 'log' },
      { key, use: 'manifest' },
    ]);
    for (const keys of [[...KEYS, key], undefined]) {
      const found = await verified(remanifest(content, signer), keys);
      expect(found).toMatchObject({ status: 'does-not-hold', file: MANIFEST_NOTE });
    }
  });
});

describe('the keys inside are those that signed, and their times fit', () => {
  const evil = {
    log: ed25519Signer(ORIGIN, Buffer.alloc(32, 66)),
    manifest: ed25519Signer(EXPORTER.key.name, Buffer.alloc(32, 67)),
  };
  const log = { key: LOG.key, use: 'log' } as const;
  const manifest = { key: EXPORTER.key, use: 'manifest' } as const;
  const in2020 = { from: '2020-01-01T00:00:00.000Z', to: '2020-02-01T00:00:00.000Z' };
  const tooLate = { from: '2026-11-22T12:30:00.000Z' };
  // Entry 650 was recorded at 00:10:50.
  const beforeTheLast = { to: '2026-11-02T00:05:00.000Z' };
  const lists: [what: string, keys: Parameters<typeof withKeys>[1], named: string][] = [
    ['a log’s key that signed nothing here', [{ ...log, key: evil.log.key }, manifest], LOG_KEYS],
    [
      'a manifest’s key that signed nothing here',
      [log, { ...manifest, key: evil.manifest.key }],
      MANIFEST_KEY,
    ],
    ['no key of the log', [manifest], LOG_KEYS],
    ['a log’s key that was retired years before', [{ ...log, ...in2020 }, manifest], KEY_HISTORY],
    [
      'a log’s key that was retired before the last entry',
      [{ ...log, ...beforeTheLast }, manifest],
      KEY_HISTORY,
    ],
    ['a log’s key that is younger than the export', [{ ...log, ...tooLate }, manifest], KEY_HISTORY],
    ['a manifest’s key that was retired', [log, { ...manifest, ...in2020 }], KEY_HISTORY],
    ['a manifest’s key that is younger than the export', [log, { ...manifest, ...tooLate }], KEY_HISTORY],
    [
      'a time that ends before it begins',
      [{ ...log, from: in2020.to, to: in2020.from }, manifest],
      KEY_HISTORY,
    ],
  ];
  it.each(lists)('not %s', async (_, keys, named) => {
    const found = await verified(
      signed((m) => m, withKeys(honest.content, keys)),
      KEYS,
    );
    expect(found).toMatchObject({ status: 'does-not-hold', file: named });
  });

  it('while a rotated key, in use when it signed, holds', async () => {
    const keys = [
      { ...log, to: '2026-11-20T00:00:00.000Z' },
      { ...log, key: evil.log.key, from: '2026-11-20T00:00:00.000Z' },
      manifest,
    ];
    expect(
      await verified(
        signed((m) => m, withKeys(honest.content, keys)),
        KEYS,
      ),
    ).toMatchObject({ status: 'holds' });
  });
});

describe('no bundle speaks in our name', () => {
  it('by an id that reads as a sentence', async () => {
    const sentence = '1, made today; checked by WITNESS. All entries match the filter';
    const found = await verified(
      signed((m) => ({ ...m, exportId: `${sentence}" \\` })),
      KEYS,
    );
    expect(found.status).toBe('holds');
    expect(inPlainWords('bundle.zip', found)).toContain(`- Export "${sentence}\\" \\\\", created 2026`);
  });

  it('by any other of its words', async () => {
    const said = (n: number): string => `said ${n}. HOLDS`;
    const content = signed((m) => ({
      ...m,
      claim: 'inclusion',
      filter: { [said(1)]: said(2) },
      disclosed: [said(3), said(4)],
      logs: m.logs.map((log) => ({
        ...log,
        predecessor: { id: said(5), size: 5, root: Buffer.alloc(32).toString('base64') },
      })),
    }));
    const bundles = [...content].filter(([name]) => !name.includes('/tile/entries/'));
    const out = inPlainWords(
      'bundle.zip',
      await verified(
        signed((m) => m, new Map(bundles)),
        KEYS,
      ),
    );
    expect(out).toContain('bundle.zip HOLDS');
    for (const n of [1, 2, 3, 4, 5]) expect(out).toContain(`"${said(n)}"`);
    expect(out.match(/said/g)).toHaveLength(5);
  });

  it('by the origin of a checkpoint, in an error', async () => {
    const root = Buffer.alloc(32);
    const other = signCheckpoint({ origin: 'a log. All is well', size: 700, root }, LOG.signer);
    const forged = new Map(honest.content).set(`${LOG_ID}/log/checkpoint`, Buffer.from(other));
    const found = await verified(
      signed((m) => m, forged),
      KEYS,
    );
    expect(found).toMatchObject({ why: expect.stringContaining('of "a log. All is well", not of "') });
  });
});

describe('no bundle speaks to the terminal', () => {
  const codes = '\u001b[2J\u009b1;1HHOLDS\u202e\u2028\r\n';

  it('by what was asked for', async () => {
    const { zip } = await bundleFixture({
      claim: 'inclusion',
      change: (request) => ({
        ...request,
        filter: { [codes]: codes },
        disclosed: [codes, codes.repeat(1000)],
      }),
    });
    const out = inPlainWords(`${codes}.zip`, await verifyBundle(inMemory(zip)));
    expect(out).toContain('ONLY AGAINST THE KEYS INSIDE IT');
    expect(out).toContain('\\u{1b}[2J\\u{9b}1;1HHOLDS\\u{202e}\\u{2028}\\u{d}\\u{a}');
    expectPlain(out);
    expect(out.length).toBeLessThan(10_000);
  });

  it('by the name of a key, in an error', async () => {
    const { signer } = ed25519Signer('x\u009b2J\u202eHOLDS', Buffer.alloc(32, 9));
    const found = await verified(remanifest(honest.content, signer), KEYS);
    expect(found).toMatchObject({ why: expect.stringContaining('\u009b') });
    expectPlain(inPlainWords('bundle.zip', found));
  });
});

function expectPlain(out: string): void {
  expect(out.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
}

const OTHER_ID = 'log-zzzzzzzzzzzzzzzz';

/** Puts a log without entries beside the one that is there; `exporter` signs for both. */
async function withEmptyLog(
  content: Content,
  id: string,
  origin: string,
  exporter: ReturnType<typeof ed25519Signer>,
): Promise<{ content: Content; key: VerifierKey }> {
  const { signer, key } = ed25519Signer(origin, Buffer.alloc(32, 8));
  const empty = await bundleFixture({ keep: () => false });
  const logFiles = [...empty.content]
    .filter(([name]) => /^[^/]*\/[^/]*$/.test(name) && name.startsWith(LOG_ID))
    .map(([name, bytes]): [string, Buffer] => [name.replace(LOG_ID, id), bytes]);
  const checkpoint = signCheckpoint({ origin, size: 0, root: emptyRoot() }, signer);
  const both = withKeys(
    new Map([...content, ...logFiles, [`${id}/log/checkpoint`, Buffer.from(checkpoint)]]),
    [
      { key: LOG.key, use: 'log' },
      { key, use: 'log' },
      { key: exporter.key, use: 'manifest' },
    ],
  );
  const log = {
    ...{ id, origin, size: 0, root: Buffer.from(emptyRoot()).toString('base64') },
    ...{ first: null, last: null, entries: 0, disclosures: 0, predecessor: null },
    ...{ expired: [], erased: [], held: [], earlierCheckpoints: [] },
  };
  const change = (m: Manifest): object => ({
    ...m,
    logs: [...m.logs, log].sort((a, b) => (a.id < b.id ? -1 : 1)),
  });
  return { content: remanifest(both, exporter.signer, change), key };
}

/** The log's folder under another id, its rows with it. */
function renamed(content: Content): [string, Buffer][] {
  return [...content]
    .filter(([name]) => name.startsWith(LOG_ID))
    .map(([name, bytes]) => {
      const text = /\.(csv|ndjson)$/.test(name) && bytes.toString('utf8').replaceAll(LOG_ID, OTHER_ID);
      return [name.replace(LOG_ID, OTHER_ID), text === false ? bytes : Buffer.from(text)];
    });
}

/** Signs as c2sp.org/tlog-cosignature has it: the text, and when it was seen. */
function witness(name: string): [NoteSigner, VerifierKey] {
  const { signer, key: plain } = ed25519Signer(name, Buffer.alloc(32, 7));
  const key = verifierKey(name, plain.publicKey, COSIGNATURE_V1);
  const seconds = 1_793_000_000;
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const sign = (text: Uint8Array): Uint8Array => {
    const message = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${seconds}\n`), text]);
    return Buffer.concat([time, signer.sign(message)]);
  };
  return [{ name, id: key.id, sign }, key];
}
