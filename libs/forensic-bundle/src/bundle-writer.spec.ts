import { describe, expect, it } from '@jest/globals';
import {
  append,
  ed25519Signer,
  emptyTree,
  leafHashes,
  makeLeaf,
  rootOf,
  signCheckpoint,
  tilesInMemory,
} from '@vouchsafe/transparency-log';
import { stageBundle, type BundleRequest, type BundleStage } from './bundle-writer.js';
import type { BundleEntry } from './entry.js';
import { BundleTooLargeError } from './limits.js';
import type { Manifest } from './manifest.js';
import { MANIFEST } from './names.js';

const id = 'log-0123456789abcdef';
const origin = `audit.example.com/${id}`;
const log = ed25519Signer(origin, Buffer.alloc(32, 1));
const exporter = ed25519Signer('audit.example.com/exports', Buffer.alloc(32, 2));
const always = { from: '2026-01-01T00:00:00.000Z', to: null };
const made = makeLeaf({ recordedAt: '2026-11-02T00:00:00.000Z' }, []);
const leaf = made.status === 'made' ? made.leaf : Buffer.alloc(0);

/** A log of one entry, said again and again. */
function requestOf(size: number, entries: Iterable<BundleEntry>): BundleRequest {
  const hashes = leafHashes(Array.from({ length: size }, () => leaf));
  return {
    exportId: 'export-1',
    createdAt: '2026-11-22T12:00:00.000Z',
    organizationId: null,
    range: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
    asked: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
    coveredUntil: '2026-12-01T00:00:00.000Z',
    filter: {},
    disclosed: [],
    claim: 'inclusion',
    logs: [
      {
        ...{ id, origin, entries, expired: noneExpired, earlierCheckpoints: [], predecessor: null },
        checkpoint: signCheckpoint(
          { origin, size, root: rootOf(append(emptyTree, hashes).tree) },
          log.signer,
        ),
        tiles: tilesInMemory(hashes),
      },
    ],
    keys: [
      { key: log.key, use: 'log', ...always },
      { key: exporter.key, use: 'manifest', ...always },
    ],
    signer: exporter.signer,
  };
}

const noneExpired = () => Promise.resolve([]);

function* everyOther(first: number, size: number): Generator<BundleEntry> {
  for (let index = first; index < size; index += 2)
    yield { index, leaf, disclosures: [], erased: false, held: false };
}

/** Keeps the manifest alone. */
async function manifestOf(request: BundleRequest): Promise<Manifest> {
  const kept: Uint8Array[] = [];
  const stage: BundleStage = {
    append: (name, bytes) => {
      if (name === MANIFEST) kept.push(bytes);
    },
    read: () => [],
  };
  await stageBundle(request, stage);
  return JSON.parse(Buffer.concat(kept).toString()) as Manifest;
}

describe('a bundle', () => {
  it('of 150,000 entries that are no neighbors is written', async () => {
    const manifest = await manifestOf(requestOf(300_002, everyOther(3, 300_002)));
    expect(manifest.logs[0]).toMatchObject({ first: 3, last: 300_001, entries: 150_000 });
  }, 60_000);

  it('has the hashes of all that has expired, and its bounds', async () => {
    const request = requestOf(2000, everyOther(1001, 1003));
    const manifest = await manifestOf({
      ...request,
      logs: request.logs.map((one) => ({
        ...one,
        expired: () =>
          Promise.resolve([
            [10, 900],
            [1500, 1800],
          ] as const),
      })),
    });
    expect(manifest.logs[0]).toMatchObject({ first: 10, last: 1800, entries: 1 });
    const tiles = manifest.files.map((file) => file.name).filter((name) => name.includes('/tile/0/'));
    expect(tiles.map((name) => name.slice(name.lastIndexOf('/') + 1))).toEqual([
      ...['000', '001', '002', '003', '005', '006'],
      '208',
    ]);
  });

  it('is not written when it would pass a limit of the format', async () => {
    const one = requestOf(1, everyOther(0, 1));
    const inLog = (change: object): BundleRequest => ({
      ...one,
      logs: one.logs.map((l) => ({ ...l, ...change })),
    });
    const idOf = (i: number): string => `log-${String(i).padStart(8, '0')}`;
    const logsOf = (count: number, change: object) =>
      Array.from({ length: count }, (_, i) => ({
        ...{ id: idOf(i), origin: `audit.example.com/${idOf(i)}`, entries: [] },
        ...{ checkpoint: noteOf(1001), tiles: () => Promise.resolve(Buffer.alloc(8192)) },
        ...{ expired: noneExpired, earlierCheckpoints: [], predecessor: null, ...change },
      }));
    const noteOf = (size: number): Uint8Array =>
      signCheckpoint({ origin, size, root: Buffer.alloc(32) }, log.signer);
    const thousand = Array.from({ length: 1000 }, (_, i) => noteOf(i + 1));
    const hidden = makeLeaf({ recordedAt: '2026-11-02T00:00:00.000Z' }, [
      { path: ['details', 'note'], value: 'n'.repeat(13 * 2 ** 20), salt: Buffer.alloc(16) },
    ]);
    if (hidden.status !== 'made') throw new Error(hidden.status);
    const named = ed25519Signer(`${'a'.repeat(65_536)}/exports`, Buffer.alloc(32, 3));
    const opened = { ...hidden, disclosures: hidden.disclosures.map((d) => d.disclosure) };
    const tooLarge: [words: string, request: BundleRequest][] = [
      ['149999 files', { ...one, logs: logsOf(150, { earlierCheckpoints: thousand }) }],
      ['1001 logs', { ...one, logs: logsOf(1001, {}) }],
      ['1001 earlier checkpoints', inLog({ earlierCheckpoints: [...thousand, noteOf(1001)] })],
      ['bytes of a checkpoint', inLog({ checkpoint: Buffer.concat([noteOf(1), Buffer.alloc(65_536)]) })],
      ['bytes of keys/logs.vkey', { ...one, keys: Array.from({ length: 12_000 }, () => one.keys).flat() }],
      [
        'bytes of its note',
        { ...one, signer: named.signer, keys: [...one.keys, { key: named.key, use: 'manifest', ...always }] },
      ],
      ['bytes of its manifest', { ...one, disclosed: ['x'.repeat(33 * 2 ** 20)] }],
      [
        "bytes of an entry's disclosures",
        inLog({ entries: [{ ...opened, index: 0, erased: false, held: false }] }),
      ],
    ];
    for (const [words, request] of tooLarge) {
      const why = await manifestOf(request).catch((error: unknown) => error);
      expect(why).toBeInstanceOf(BundleTooLargeError);
      expect(why).toMatchObject({ message: expect.stringContaining(words) });
    }
  }, 60_000);

  it('is not written when its manifest would be refused', async () => {
    const request = requestOf(3, everyOther(0, 3));
    for (const bad of [
      {
        ...request,
        filter: { operation: 'x' },
        claim: 'contiguous' as const,
        logs: request.logs.map((one) => ({ ...one, entries: [] })),
      },
      { ...request, exportId: 'export\u001b[2J' },
      { ...request, asked: { ...request.asked, from: '2026-02-30T00:00:00.000Z' } },
      { ...request, logs: request.logs.map((one) => ({ ...one, origin: 'audit.example.com/another-log' })) },
    ]) {
      await expect(manifestOf(bad)).rejects.toThrow('the manifest would be refused');
    }
  });
});
