import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  append,
  canonicalJson,
  ed25519Signer,
  emptyTree,
  encodeVerifierKey,
  leafHashes,
  makeLeaf,
  rootOf,
  signCheckpoint,
  signNote,
  tilesInMemory,
  type NoteSigner,
} from '@vouchsafe/transparency-log';
import { stageBundle } from './bundle-writer.js';
import type { BundleEntry } from './entry.js';
import { formatManifest, manifestNoteText, type Manifest } from './manifest.js';
import { compareNames, MANIFEST, MANIFEST_NOTE, README } from './names.js';
import { layOutZip } from './zip-format.js';

const OPERATOR = 'audit.example.com';
const id = 'log-0123456789abcdef';
const origin = `${OPERATOR}/${id}`;
const log = ed25519Signer(origin, Buffer.alloc(32, 1));
const exporter = ed25519Signer(`${OPERATOR}/exports`, Buffer.alloc(32, 2));
/** The right names with keys of the forger's own. */
const forgedLog = ed25519Signer(origin, Buffer.alloc(32, 3));
const forgedExporter = ed25519Signer(`${OPERATOR}/exports`, Buffer.alloc(32, 4));

const salt = Buffer.alloc(16, 6).toString('base64url');

type Content = ReadonlyMap<string, Buffer>;

const work = mkdtempSync(join(tmpdir(), 'vouchsafe-by-hand-'));
let whole: Content;

beforeAll(async () => {
  whole = await bundle(700);
});
afterAll(() => {
  rmSync(work, { recursive: true });
});

/** `by-hand/check.mjs` does what README.txt says, with none of our code: what a step leaves out, it does not see. */
describe("the steps of a bundle's README.txt", () => {
  it.each([601, 700, 768, 65_536, 66_000])('accept an untouched bundle of a log of %i', async (size) => {
    expect(failingStep(await bundle(size))).toBe('none');
  });

  it('accept a log of an earlier name of the operator, whose key the reader has', async () => {
    const former = ed25519Signer(`former.example.com/${id}`, Buffer.alloc(32, 5));
    const content = await bundle(700, former);
    expect(failingStep(content)).toBe('step 3');
    expect(failingStep(content, former.key)).toBe('none');
  });

  it.each([
    ['a digest may not hide', {}, 'provenance', 'step 7'],
    ['stands in the clear, too', { url: '/a' }, 'url', 'step 7'],
    ['a digest may hide', {}, 'url', 'none'],
  ])('look at what %s', async (_, members, name, step) => {
    const disclosure = Buffer.from(JSON.stringify([salt, name, 'x'])).toString('base64url');
    const digest = createHash('sha256').update(disclosure).digest('base64url');
    const recordedAt = '2026-11-02T00:05:00.000Z';
    const leaf = Buffer.from(canonicalJson({ ...members, recordedAt, _sd: [digest], _sd_alg: 'sha-256' }));
    const content = await bundle(700, log, leaf);
    const line = `{"disclosures":["${disclosure}"],"index":300}\n`;
    const told = edit(content, disclosures, (bytes) => Buffer.concat([bytes, Buffer.from(line)]));
    expect(failingStep(resigned(told))).toBe(step);
  });

  const entries = `${id}/entries.ndjson`;
  const disclosures = `${id}/disclosures.ndjson`;
  const checkpoint = `${id}/log/checkpoint`;
  const note = (signer: NoteSigner, size = 700): Buffer =>
    Buffer.from(signCheckpoint({ origin, size, root: Buffer.alloc(32, 9) }, signer));
  const root = Buffer.alloc(32, 9).toString('base64');

  it.each<[string, string, () => Content]>([
    ['a changed file', 'step 1', () => edit(whole, entries, swapped)],
    ['a file that no manifest lists', 'step 1', () => new Map(whole).set('extra.txt', Buffer.from('x'))],
    ['a file that is missing', 'step 1', () => without(whole, README)],
    [
      'a manifest that its signed note is not of',
      'step 2',
      () => new Map(resigned(edit(whole, entries, swapped))).set(MANIFEST_NOTE, noteOf(whole)),
    ],
    [
      "a manifest signed by somebody else's key of the same name",
      'step 2',
      () => resigned(whole, forgedExporter.signer),
    ],
    ["a manifest signed by the log's own key", 'step 2', () => resigned(whole, log.signer)],
    [
      'a second signature',
      'step 2',
      () => edit(whole, MANIFEST_NOTE, (bytes) => Buffer.concat([bytes, signatureOf(bytes)])),
    ],
    ['an origin of another operator', 'step 3', () => resignedLog(whole, { origin: `evil.example/${id}` })],
    [
      "a checkpoint signed by the manifest's key",
      'step 3',
      () => resignedLog(new Map(whole).set(checkpoint, note(exporter.signer)), { root }),
    ],
    [
      "a checkpoint by somebody else's key of the log's name",
      'step 3',
      () => resignedLog(new Map(whole).set(checkpoint, note(forgedLog.signer)), { root }),
    ],
    ['a size that is not the checkpoint’s', 'step 3', () => resignedLog(whole, { size: 701 })],
    [
      'a checkpoint of other entries',
      'step 4',
      () => resignedLog(new Map(whole).set(checkpoint, note(log.signer)), { root }),
    ],
    ['a changed hash in a full tile', 'step 4', () => resigned(edit(whole, `${id}/log/tile/0/001`, swapped))],
    [
      'a changed hash at the right edge',
      'step 4',
      () => resigned(edit(whole, `${id}/log/tile/0/002.p/188`, swapped)),
    ],
    [
      'an entry that was not logged',
      'step 5',
      () => resigned(edit(whole, entries, (bytes) => Buffer.from(String(bytes).replace('read', 'edit')))),
    ],
    ['an entry that was left out', 'step 5', () => leftOut(300)],
    [
      'an entry at another index',
      'step 5',
      () => resigned(edit(whole, `${id}/indices.txt`, (b) => Buffer.from(String(b).replace('201', '202')))),
    ],
    [
      'entries of another time',
      'step 5',
      () =>
        resigned(whole, exporter.signer, (m) => ({
          ...m,
          range: { ...m.range, from: '2026-11-20T00:00:00.000Z' },
        })),
    ],
    [
      'an earlier checkpoint of other entries',
      'step 6',
      () => resigned(new Map(whole).set(`${id}/earlier-checkpoints/300`, note(log.signer, 300))),
    ],
    [
      'an earlier checkpoint by another key',
      'step 6',
      () => resigned(new Map(whole).set(`${id}/earlier-checkpoints/300`, note(exporter.signer, 300))),
    ],
    [
      'an earlier checkpoint that the manifest does not name',
      'step 6',
      () => resigned(new Map(whole).set(`${id}/earlier-checkpoints/301`, note(log.signer, 301))),
    ],
    [
      'a value of somebody else',
      'step 7',
      () =>
        resigned(
          edit(whole, disclosures, (bytes) =>
            Buffer.from(String(bytes).replace('"index":200', '"index":201')),
          ),
        ),
    ],
    [
      'a value that was made up',
      'step 7',
      () =>
        resigned(
          edit(whole, disclosures, (bytes) =>
            Buffer.from(String(bytes).replace(/\["WyJ[^"]*"/, '["WyJ4Il0"')),
          ),
        ),
    ],
  ])('refuse %s', (_, step, forged) => {
    expect(failingStep(forged())).toBe(step);
  });
});

function failingStep(content: Content, ofLog = log.key): string {
  const [zip, vkeys] = [join(work, 'bundle.zip'), join(work, 'keys.vkey')];
  writeFileSync(zip, zipOf(content));
  writeFileSync(vkeys, `${encodeVerifierKey(ofLog)}\n${encodeVerifierKey(exporter.key)}\n`);
  const script = join(import.meta.dirname, '../by-hand/check.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, zip, vkeys], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return status === 0 ? 'none' : stdout.trim();
}

/** Entries 200 to 600 of a log, each with values in every place that may have them. */
async function bundle(size: number, ofLog = log, leafAt300?: Buffer): Promise<Content> {
  const origin = ofLog.key.name;
  const other = entryAt(0);
  const entries = Array.from({ length: size }, (_, index) =>
    index < 200 || index > 600 ? other : entryAt(index),
  );
  if (leafAt300) entries[300] = { index: 300, leaf: leafAt300, disclosures: [], erased: false, held: false };
  const hashes = leafHashes(entries.map(({ leaf }) => leaf));
  const checkpointAt = (n: number): Uint8Array =>
    signCheckpoint(
      { origin, size: n, root: rootOf(append(emptyTree, hashes.subarray(0, n * 32)).tree) },
      ofLog.signer,
    );
  const content = new Map<string, Buffer>();
  await stageBundle(
    {
      exportId: 'export-1',
      createdAt: '2026-11-22T12:00:00.000Z',
      organizationId: null,
      asked: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
      coveredUntil: '2026-11-22T12:00:00.000Z',
      range: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
      ...{ filter: {}, disclosed: ['sourceIp'], claim: 'contiguous' },
      logs: [
        {
          ...{ id, origin, checkpoint: checkpointAt(size), tiles: tilesInMemory(hashes) },
          entries: entries.slice(200, 601).filter(({ index }) => index !== 250),
          expired: () => Promise.resolve([[250, 250]] as const),
          earlierCheckpoints: [0, 1, 256, 300, 512, size - 1].map(checkpointAt),
          predecessor: null,
        },
      ],
      keys: [
        { key: ofLog.key, use: 'log', from: '2026-01-01T00:00:00.000Z', to: null },
        { key: exporter.key, use: 'manifest', from: '2026-01-01T00:00:00.000Z', to: null },
      ],
      signer: exporter.signer,
    },
    {
      append: (name, bytes) => {
        content.set(name, Buffer.concat([content.get(name) ?? Buffer.alloc(0), bytes]));
      },
      read: () => [],
    },
  );
  return content;
}

function entryAt(index: number): BundleEntry {
  const salt = (n: number): Uint8Array => Buffer.from(`salt ${n} of ${index}`.padEnd(16, '.'));
  const made = makeLeaf(
    {
      recordedAt: new Date(Date.UTC(2026, 10, 2) + index * 1000).toISOString(),
      operation: 'document.read',
      ...{ actor: { type: 'user' }, entity: { type: 'document' }, details: { page: index } },
    },
    [
      { path: ['sourceIp'], value: `192.0.2.${index % 250}`, salt: salt(1) },
      { path: ['actor', 'id'], value: `user-${index}`, salt: salt(2) },
      { path: ['entity', 'id'], value: `document-${index}`, salt: salt(3) },
      { path: ['details', 'title'], value: `Title ${index}`, salt: salt(4) },
    ],
  );
  if (made.status !== 'made') throw new Error(made.status);
  const disclosures = made.disclosures.map(({ disclosure }) => disclosure);
  return { index, leaf: made.leaf, disclosures, erased: false, held: false };
}

/** An exporter that leaves an entry out, and claims that none is. */
function leftOut(index: number): Content {
  const line = index - 201;
  const cut = (bytes: Buffer): Buffer => Buffer.from(String(bytes).split('\n').toSpliced(line, 1).join('\n'));
  const fewer = edit(
    edit(edit(whole, `${id}/entries.ndjson`, cut), `${id}/indices.txt`, cut),
    `${id}/disclosures.ndjson`,
    cut,
  );
  return resignedLog(fewer, { entries: 399 });
}

function resignedLog(content: Content, change: Partial<Manifest['logs'][number]>): Content {
  return resigned(content, exporter.signer, (m) => ({
    ...m,
    logs: m.logs.map((one) => ({ ...one, ...change })),
  }));
}

/** Makes the manifest fit the files again, and signs it. */
function resigned(
  content: Content,
  signer: NoteSigner = exporter.signer,
  change: (m: Manifest) => Manifest = (m) => m,
): Content {
  const files = sorted(content)
    .filter(([name]) => name !== MANIFEST && name !== MANIFEST_NOTE)
    .map(([name, bytes]) => ({ name, size: bytes.length, sha256: sha256(bytes) }));
  const before = JSON.parse(String(content.get(MANIFEST))) as Manifest;
  const manifest = Buffer.from(formatManifest({ ...change(before), files }));
  const note = Buffer.from(signNote(manifestNoteText(sha256(manifest)), signer));
  return new Map(content).set(MANIFEST, manifest).set(MANIFEST_NOTE, note);
}

function noteOf(content: Content): Buffer {
  return content.get(MANIFEST_NOTE) ?? Buffer.alloc(0);
}

/** The signature line that a note ends in. */
function signatureOf(note: Buffer): Buffer {
  return note.subarray(note.lastIndexOf('—'));
}

function zipOf(content: Content): Buffer {
  const layout = layOutZip(
    sorted(content).map(([name, bytes]) => ({ name, size: bytes.length, crc32: crc32(bytes) })),
  );
  const parts = layout.members.flatMap(({ header, name }) => [header, content.get(name) ?? Buffer.alloc(0)]);
  return Buffer.concat([...parts, layout.tail]);
}

function sorted(content: Content): [string, Buffer][] {
  return [...content].sort(([a], [b]) => compareNames(a, b));
}

function edit(content: Content, name: string, change: (bytes: Buffer) => Buffer): Content {
  return new Map(content).set(name, change(content.get(name) ?? Buffer.alloc(0)));
}

function without(content: Content, name: string): Content {
  return new Map([...content].filter(([other]) => other !== name));
}

/** The same bytes with one of them changed. */
function swapped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(5) ^ 1, 5);
  return changed;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
