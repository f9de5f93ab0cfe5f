/** @promise P24 changed bundles of every kind are refused */
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  append,
  ed25519Signer,
  emptyTree,
  leafHashes,
  rootOf,
  signCheckpoint,
  signNote,
  type NoteSigner,
} from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import { EXPORTER, LOG, LOG_ID, ORIGIN, bundleFixture, inMemory, type Fixture } from './bundle.fixture.js';
import {
  edit,
  editLines,
  file,
  flip,
  remanifest,
  withKeys,
  without,
  zipOf,
  type Content,
} from './forgery.fixture.js';
import { EXIT_CODES } from './command/plain-words.js';
import { MANIFEST_NOTE } from './container/names.js';
import { readZip } from './container/zip.js';
import type { Manifest } from './manifest/manifest.js';
import { verifyBundle } from './every-way.fixture.js';
import type { Verification } from './verify-bundle.js';

const KEYS = [LOG.key, EXPORTER.key];
let fixture: Fixture;
let filtered: Fixture;

beforeAll(async () => {
  fixture = await bundleFixture();
  filtered = await bundleFixture({ claim: 'inclusion', keep: (index) => index % 3 !== 0 });
});

/** Never "holds", never an exception. */
async function expectCaught(zip: Uint8Array): Promise<Verification> {
  const found = await verifyBundle(inMemory(zip), KEYS);
  expect([1, 2]).toContain(EXIT_CODES[found.status]);
  return found;
}

const ignore = (): void => undefined;

// Most of these verify hundreds of bundles, each by one thread, two and eight.
jest.setTimeout(240_000);

describe('whoever changes the bytes of the ZIP is caught', () => {
  it('at any bit of the file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(fixture.zip.length * 8 - 1), (bit) =>
        expectCaught(flip(fixture.zip, bit)).then(ignore),
      ),
      { numRuns: 100 },
    );
  });

  it('at every byte of every header, and the first, a middle and the last byte of every member', async () => {
    const members = readZip(inMemory(fixture.zip));
    let end = 0;
    for (const { dataOffset, size } of members) {
      for (let at = end; at < dataOffset; at++) await expectCaught(flip(fixture.zip, at * 8));
      for (const at of [0, Math.floor(size / 2), size - 1]) {
        if (size > 0) await expectCaught(flip(fixture.zip, (dataOffset + at) * 8 + 1));
      }
      end = dataOffset + size;
    }
    for (let at = end; at < fixture.zip.length; at++) await expectCaught(flip(fixture.zip, at * 8));
  });

  it('by cutting it off anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(fixture.zip.length - 1), (n) =>
        expectCaught(fixture.zip.subarray(0, n)).then(ignore),
      ),
      { numRuns: 100 },
    );
  });

  it('by hiding bytes before, between, behind or inside', async () => {
    const hidden = Buffer.from('hidden');
    await expectCaught(Buffer.concat([hidden, fixture.zip]));
    await expectCaught(Buffer.concat([fixture.zip, hidden]));
    const members = readZip(inMemory(fixture.zip));
    for (const { dataOffset, size } of members) {
      const at = dataOffset + size;
      await expectCaught(Buffer.concat([fixture.zip.subarray(0, at), hidden, fixture.zip.subarray(at)]));
    }
  });

  it('by giving two members one name, or members in another order', async () => {
    for (const [from, to] of [
      ['keys/logs.vkey', 'keys/logs.vkez'],
      ['entries.csv', 'entries.cst'],
      ['README.txt', 'zEADME.txt'],
      ['README.txt', '../DME.txt'],
      [`earlier-checkpoints/256`, 'earlier-checkpoints/300'],
    ] as const) {
      const text = fixture.zip.toString('latin1').replaceAll(from, to);
      await expectCaught(Buffer.from(text, 'latin1'));
    }
  });

  it('with random bytes in place of a ZIP', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => expectCaught(bytes).then(ignore)),
    );
    const endOnly = fixture.zip.subarray(-22);
    await expectCaught(endOnly);
    await expectCaught(Buffer.alloc(0));
  });
});

/** Changes of content, each with the file that the report must name when the manifest was made to fit. */
const FORGERIES: [what: string, forge: (content: Content) => Content, named: string | RegExp][] = [
  ['flips a bit of an entry', (c) => edit(c, file('entries'), (b) => flip(b, 300 * 8)), file('entries')],
  [
    'changes who an entry says did it',
    (c) =>
      editLines(c, file('entries'), (l) =>
        l.map((line, i) => (i === 9 ? line.replace('user-', 'usex-') : line)),
      ),
    file('entries'),
  ],
  ['cuts the entries off', (c) => edit(c, file('entries'), (b) => b.subarray(0, -1)), file('entries')],
  [
    'leaves out an entry line',
    (c) => editLines(c, file('entries'), (l) => l.toSpliced(5, 1)),
    file('entries'),
  ],
  [
    'doubles an entry line',
    (c) => editLines(c, file('entries'), (l) => l.toSpliced(5, 0, l[5] ?? '')),
    file('entries'),
  ],
  ['swaps entry lines', (c) => editLines(c, file('entries'), swapFirstLines), file('entries')],
  [
    'makes an entry JSON of another form',
    (c) => editLines(c, file('entries'), (l) => [` ${l[0] ?? ''}`, ...l.slice(1)]),
    file('entries'),
  ],
  ['leaves out an index', (c) => editLines(c, file('indices'), (l) => l.toSpliced(5, 1)), file('entries')],
  ['swaps indices', (c) => editLines(c, file('indices'), swapFirstLines), file('entries')],
  ['adds an index', (c) => editLines(c, file('indices'), (l) => [...l, '651\n']), file('indices')],
  [
    'writes an index otherwise',
    (c) => editLines(c, file('indices'), (l) => [`0${l[0] ?? ''}`, ...l.slice(1)]),
    file('indices'),
  ],
  [
    'writes an index beyond the tree',
    (c) => editLines(c, file('indices'), (l) => [...l.slice(0, -1), '7000\n']),
    file('indices'),
  ],
  ['drops all indices', (c) => edit(c, file('indices'), () => Buffer.alloc(0)), file('indices')],
  ['swaps disclosures', (c) => editLines(c, file('disclosures'), swapFirstLines), file('disclosures')],
  [
    'opens an entry twice',
    (c) => editLines(c, file('disclosures'), (l) => [l[0] ?? '', ...l]),
    file('disclosures'),
  ],
  [
    'flips a bit of a disclosure',
    (c) => edit(c, file('disclosures'), (b) => flip(b, 30 * 8)),
    file('disclosures'),
  ],
  [
    'moves disclosures to another entry',
    (c) =>
      editLines(c, file('disclosures'), (l) => [
        (l[0] ?? '').replace(/"index":\d+/, '"index":201'),
        ...l.slice(2),
      ]),
    file('disclosures'),
  ],
  ['leaves out a disclosure', (c) => editLines(c, file('disclosures'), (l) => l.slice(1)), file('csv')],
  [
    'changes a cell',
    (c) => edit(c, file('csv'), (b) => Buffer.from(b.toString().replace('user-4', 'user-5'))),
    file('csv'),
  ],
  [
    'takes the escape off a formula',
    (c) => edit(c, file('csv'), (b) => flip(b, (b.length - 10) * 8)),
    file('csv'),
  ],
  ['adds a row', (c) => edit(c, file('csv'), (b) => Buffer.concat([b, Buffer.from('x\r\n')])), file('csv')],
  ['drops a row', (c) => editLines(c, file('csv'), (l) => l.toSpliced(7, 1)), file('csv')],
  ['swaps events', (c) => editLines(c, file('ocsf'), swapFirstLines), file('ocsf')],
  ['cuts the events off', (c) => editLines(c, file('ocsf'), (l) => l.slice(0, -1)), file('ocsf')],
  [
    'flips a bit of a leaf tile',
    (c) => edit(c, `${LOG_ID}/log/tile/0/001`, (b) => flip(b, 77)),
    /tile\/0\/001|entries/,
  ],
  [
    'flips a bit of an unused leaf tile',
    (c) => edit(c, `${LOG_ID}/log/tile/0/002.p/188`, (b) => flip(b, 187 * 256)),
    file('checkpoint'),
  ],
  [
    'flips a bit of an upper tile',
    (c) => edit(c, `${LOG_ID}/log/tile/1/000.p/2`, (b) => flip(b, 300)),
    file('checkpoint'),
  ],
  ['cuts a tile off', (c) => edit(c, `${LOG_ID}/log/tile/0/001`, (b) => b.subarray(0, -32)), /tile\/0\/001/],
  ['leaves out a leaf tile', (c) => without(c, `${LOG_ID}/log/tile/0/001`), /tile\/0\/001/],
  ['leaves out an upper tile', (c) => without(c, `${LOG_ID}/log/tile/1/000.p/2`), /tile\/1\/000/],
  ['adds a tile', (c) => new Map(c).set(`${LOG_ID}/log/tile/0/003`, Buffer.alloc(8192)), /tile\/0\/003/],
  [
    'changes an entry bundle',
    (c) => edit(c, `${LOG_ID}/log/tile/entries/001`, (b) => flip(b, 1000)),
    /entries\/001/,
  ],
  [
    'adds an entry bundle',
    (c) => new Map(c).set(`${LOG_ID}/log/tile/entries/000`, Buffer.alloc(8)),
    /entries\/000/,
  ],
  ['leaves out an entry bundle', (c) => without(c, `${LOG_ID}/log/tile/entries/001`), /entries\/001/],
  [
    'puts another earlier checkpoint',
    (c) =>
      edit(
        c,
        `${LOG_ID}/earlier-checkpoints/256`,
        () => c.get(`${LOG_ID}/earlier-checkpoints/300`) ?? Buffer.alloc(0),
      ),
    /earlier-checkpoints\/256/,
  ],
  [
    'flips a bit of an earlier checkpoint',
    (c) => edit(c, `${LOG_ID}/earlier-checkpoints/300`, (b) => flip(b, 500)),
    /earlier-checkpoints\/300/,
  ],
  [
    'leaves out an earlier checkpoint',
    (c) => without(c, `${LOG_ID}/earlier-checkpoints/300`),
    /earlier-checkpoints\/300/,
  ],
  [
    'flips a bit of the checkpoint',
    (c) => edit(c, file('checkpoint'), (b) => flip(b, 80 * 8)),
    file('checkpoint'),
  ],
  [
    'puts an earlier checkpoint in its place',
    (c) => edit(c, file('checkpoint'), () => c.get(`${LOG_ID}/earlier-checkpoints/699`) ?? Buffer.alloc(0)),
    file('checkpoint'),
  ],
  ['adds a file', (c) => new Map(c).set('more.txt', Buffer.from('more')), 'more.txt'],
  [
    "adds a file to the log's folder",
    (c) => new Map(c).set(`${LOG_ID}/more.txt`, Buffer.from('more')),
    /more/,
  ],
  ['drops a log key', (c) => edit(c, 'keys/logs.vkey', () => Buffer.alloc(0)), /keys/],
  ['breaks a key', (c) => edit(c, 'keys/logs.vkey', (b) => flip(b, 9)), /keys/],
  ['changes the history of keys', (c) => edit(c, 'keys/history.json', () => Buffer.from('[]\n')), /keys/],
  [
    'writes the history of keys in another form',
    (c) => edit(c, 'keys/history.json', (b) => Buffer.from(`${JSON.stringify(JSON.parse(b.toString()))}\n`)),
    'keys/history.json',
  ],
  [
    'says a time in the history of keys twice',
    (c) =>
      edit(c, 'keys/history.json', (b) =>
        Buffer.from(b.toString().replace('"from"', '"from": "2020-01-01T00:00:00.000Z",\n    "from"')),
      ),
    'keys/history.json',
  ],
  ['drops the history of keys', (c) => without(c, 'keys/history.json'), /keys/],
];

describe('whoever changes a file and makes the ZIP fit is caught', () => {
  it.each(FORGERIES)('when he %s', async (_, forge) => {
    await expectCaught(zipOf(forge(fixture.content)));
  });

  it.each([...Array(7).keys()])('when he flips any bit of any file (%i)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fixture.content.keys()), fc.nat(), async (name, n) => {
        const bytes = fixture.content.get(name) ?? Buffer.alloc(0);
        await expectCaught(zipOf(new Map(fixture.content).set(name, flip(bytes, n % (bytes.length * 8)))));
      }),
      { numRuns: 20 },
    );
  });
});

describe('whoever makes the manifest fit too, and signs it with a key of his own, is caught', () => {
  const thief = ed25519Signer(EXPORTER.key.name, Buffer.alloc(32, 9));

  it.each(FORGERIES)('when he %s', async (_, forge) => {
    await expectCaught(zipOf(remanifest(forge(fixture.content), thief.signer)));
  });

  it('even when he changes nothing else, and puts his key into the bundle', async () => {
    const withThief = withKeys(fixture.content, [
      { key: LOG.key, use: 'log' },
      { key: thief.key, use: 'manifest' },
    ]);
    const found = await expectCaught(zipOf(remanifest(withThief, thief.signer)));
    expect(found).toMatchObject({ status: 'does-not-hold', file: MANIFEST_NOTE });
  });
});

describe("whoever has the exporter's key, but not the log's, is caught", () => {
  it.each(FORGERIES)('when he %s', async (_, forge, named) => {
    const found = await expectCaught(zipOf(remanifest(forge(fixture.content), EXPORTER.signer)));
    expect(found.status).toBe('does-not-hold');
    if (found.status === 'does-not-hold') expect(found.file).toMatch(named);
  });

  const inLog = (change: (log: Manifest['logs'][number]) => Manifest['logs'][number]) => (m: Manifest) => ({
    ...m,
    logs: m.logs.map(change),
  });
  const claims: [what: string, change: (m: Manifest) => Manifest][] = [
    ['counts fewer entries', inLog((l) => ({ ...l, entries: l.entries - 1 }))],
    ['counts more disclosures', inLog((l) => ({ ...l, disclosures: l.disclosures + 1 }))],
    ['widens the range of indices', inLog((l) => ({ ...l, last: (l.last ?? 0) + 1 }))],
    ['calls something expired that is there', inLog((l) => ({ ...l, expired: [[300, 310]] }))],
    ['calls nothing erased', inLog((l) => ({ ...l, erased: [] }))],
    ['calls everything held', inLog((l) => ({ ...l, held: [[200, 650]] }))],
    ['calls a range erased that is not in the bundle', inLog((l) => ({ ...l, erased: [[100, 120]] }))],
    ['names another size', inLog((l) => ({ ...l, size: l.size + 1 }))],
    ['names another root', inLog((l) => ({ ...l, root: Buffer.alloc(32).toString('base64') }))],
    ['names another origin', inLog((l) => ({ ...l, origin: 'other.example.com/log' }))],
    ['does not name an earlier checkpoint', inLog((l) => ({ ...l, earlierCheckpoints: [1, 256, 300] }))],
    ['names another log', inLog((l) => ({ ...l, id: 'log-0000000000000000' }))],
    ['narrows the range of time', (m) => ({ ...m, range: { ...m.range, to: '2026-11-02T00:05:00.000Z' } })],
    ['hides the entry bundles behind a weaker claim', (m) => ({ ...m, claim: 'inclusion' })],
    ['drops the log', (m) => ({ ...m, logs: [] })],
    ['doubles the log', (m) => ({ ...m, logs: [...m.logs, ...m.logs] })],
  ];
  it.each(claims)('when his manifest %s', async (_, change) => {
    await expectCaught(zipOf(remanifest(fixture.content, EXPORTER.signer, change)));
  });

  it('when he claims that a filtered export is contiguous', async () => {
    const forged = remanifest(filtered.content, EXPORTER.signer, (m) => ({ ...m, claim: 'contiguous' }));
    const found = await expectCaught(zipOf(forged));
    expect(found).toMatchObject({ why: expect.stringContaining('entries of it are left out') });
  });

  it('when he writes a whole log anew, and signs its checkpoint with a key of his own', async () => {
    const thief = ed25519Signer(ORIGIN, Buffer.alloc(32, 8));
    const forged = await bundleFixture({
      change: (request) => ({
        ...request,
        logs: request.logs.map((log) => ({ ...log, checkpoint: resign(log.checkpoint, thief.signer) })),
        keys: [
          { key: thief.key, use: 'log', from: '2026-01-01T00:00:00.000Z', to: null },
          ...request.keys.slice(1),
        ],
      }),
    });
    const found = await expectCaught(forged.zip);
    expect(found).toMatchObject({
      file: file('checkpoint'),
      why: expect.stringContaining('none of the keys'),
    });
  });

  const stranger = ed25519Signer('stranger.example.com/exports', Buffer.alloc(32, 7));
  it.each([
    ['by a name that nobody knows', stranger.signer],
    ['by the same key', EXPORTER.signer],
  ])('when he adds a second signature to the note: %s', async (_, signer) => {
    const note = fixture.content.get(MANIFEST_NOTE)?.toString() ?? '';
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const added = Buffer.from(signNote(text, signer))
      .toString()
      .slice(text.length + 1);
    const found = await expectCaught(
      zipOf(edit(fixture.content, MANIFEST_NOTE, () => Buffer.from(note + added))),
    );
    expect(found).toMatchObject({ file: MANIFEST_NOTE, why: expect.stringContaining('2 signatures') });
  });

  it("when he signs the manifest with a log's key", async () => {
    await expectCaught(zipOf(remanifest(fixture.content, LOG.signer)));
  });
});

describe("whoever has the log's key too cannot rewrite what was published", () => {
  it('an earlier checkpoint of another tree is caught', async () => {
    const root = rootOf(append(emptyTree, leafHashes([Buffer.from('another history')])).tree);
    const rewritten = signCheckpoint({ origin: ORIGIN, size: 1, root }, LOG.signer);
    const name = `${LOG_ID}/earlier-checkpoints/1`;
    const forged = edit(fixture.content, name, () => Buffer.from(rewritten));
    const found = await expectCaught(zipOf(remanifest(forged, EXPORTER.signer)));
    expect(found).toMatchObject({ file: name, why: expect.stringContaining('rewritten') });
  });
});

function resign(checkpoint: Uint8Array, signer: NoteSigner): Uint8Array {
  const text = Buffer.from(checkpoint).toString('utf8').split('\n\n')[0] ?? '';
  return signNote(`${text}\n`, signer);
}

function swapFirstLines(lines: string[]): string[] {
  const [first = '', second = '', ...rest] = lines;
  return [second, first, ...rest];
}
