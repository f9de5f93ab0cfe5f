import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import {
  type BundleEntry,
  type BundleStage,
  layOutZip,
  stageBundle,
  zipBundle,
} from '@vouchsafe/forensic-bundle';
import {
  append,
  ed25519Signer,
  emptyTree,
  encodeVerifierKey,
  HASH_SIZE,
  leafHash,
  makeLeaf,
  rootOf,
  signCheckpoint,
  tilesInMemory,
} from '@vouchsafe/transparency-log';

export const LOG_ID = 'log-0123456789abcdef';
const origin = `audit.example.com/${LOG_ID}`;
const log = ed25519Signer(origin, Buffer.alloc(32, 1));
const exporter = ed25519Signer('audit.example.com/exports', Buffer.alloc(32, 2));
const from = Date.UTC(2026, 0, 1);

export interface BenchMember {
  readonly name: string;
  readonly size: number;
  readonly dataOffset: number;
}

export interface BenchBundle {
  readonly file: string;
  readonly bytes: number;
  /** Where each file of it lies, as it was laid out. */
  readonly members: readonly BenchMember[];
  /** For `--vkey` of the verifier. */
  readonly vkeys: readonly string[];
}

/** A contiguous bundle of an access log's entries, addresses opened, as the audit service writes one; made of the libraries alone. */
export async function writeBundle(folder: string, entries: number): Promise<BenchBundle> {
  const hashes = hashesOf(entries);
  const { tree } = append(emptyTree, hashes);
  const always = { from: new Date(from).toISOString(), to: null };
  const stage = folderStage(path.join(folder, 'stage'));
  const files = await stageBundle(
    {
      exportId: 'export-1',
      createdAt: '2026-11-22T12:00:00.000Z',
      organizationId: 'org-1',
      range: { from: new Date(from).toISOString(), to: '2027-01-01T00:00:00.000Z' },
      asked: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
      coveredUntil: '2026-12-01T00:00:00.000Z',
      filter: {},
      disclosed: ['sourceIp'],
      claim: 'contiguous',
      logs: [
        {
          ...{
            id: LOG_ID,
            origin,
            expired: () => Promise.resolve([]),
            earlierCheckpoints: [],
            predecessor: null,
          },
          checkpoint: signCheckpoint({ origin, size: tree.size, root: rootOf(tree) }, log.signer),
          tiles: tilesInMemory(hashes),
          entries: madeEntries(entries),
        },
      ],
      keys: [
        { key: log.key, use: 'log', ...always },
        { key: exporter.key, use: 'manifest', ...always },
      ],
      signer: exporter.signer,
    },
    stage.files,
  );
  stage.close();
  const file = path.join(folder, 'bundle.zip');
  const zip = await open(file, 'w');
  for await (const bytes of zipBundle(files, stage.files)) await zip.write(bytes);
  await zip.close();
  const vkeys = [log.key, exporter.key].map((key) => encodeVerifierKey(key));
  const { members, size } = layOutZip(files);
  const located = members.map(({ name, size: length, offset, header }) => ({
    ...{ name, size: length, dataOffset: offset + header.length },
  }));
  return { file, bytes: size, members: located, vkeys };
}

function hashesOf(entries: number): Uint8Array {
  const packed = Buffer.allocUnsafe(entries * HASH_SIZE);
  for (const { index, leaf } of madeEntries(entries)) packed.set(leafHash(leaf), index * HASH_SIZE);
  return packed;
}

function* madeEntries(entries: number): Generator<BundleEntry> {
  for (let index = 0; index < entries; index += 1) yield madeEntry(index);
}

/** One request of the access log: what may be clear is clear, address, path and user agent are digests. */
function madeEntry(index: number): BundleEntry {
  const salt = (n: number) => Buffer.from(`${n} of ${index}`.padStart(16, '.'));
  const at = new Date(from + index * 50).toISOString();
  const userId = `0f8fad5b-d9cb-469f-a165-${String(index % 1000).padStart(12, '0')}`;
  const made = makeLeaf(
    {
      version: 1,
      source: 'gateway',
      occurredAt: at,
      recordedAt: at,
      operation: ['member.read', 'member.list', 'session.create'][index % 3] ?? '',
      outcome: index % 20 === 0 ? 'denied' : 'success',
      actor: { type: 'user', id: userId },
      entity: { type: 'member', id: userId },
      requestId: `01jd-${index}`,
      details: { method: 'GET', route: '/v1/members/{id}', status: 200, sequence: index + 1 },
    },
    [
      { path: ['sourceIp'], value: `192.0.2.${index % 250}`, salt: salt(1) },
      { path: ['url'], value: `/v1/members/${userId}`, salt: salt(2) },
      {
        path: ['userAgent'],
        value: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0',
        salt: salt(3),
      },
    ],
  );
  if (made.status !== 'made') throw new Error(made.status);
  const disclosures = made.disclosures.flatMap((d) => (d.name === 'sourceIp' ? [d.disclosure] : []));
  return { index, leaf: made.leaf, disclosures, erased: false, held: false };
}

/** Files of a folder, each open until the end while there are few of them. */
function folderStage(folder: string): { files: BundleStage; close: () => void } {
  const descriptors = new Map<string, number>();
  const place = (name: string) => path.join(folder, name);
  const write = (name: string, bytes: Uint8Array) => {
    let descriptor = descriptors.get(name);
    if (descriptor === undefined) {
      mkdirSync(path.dirname(place(name)), { recursive: true });
      descriptor = openSync(place(name), 'a');
      // Tiles and entry bundles come in one piece.
      if (name.includes('/tile/')) {
        writeSync(descriptor, bytes);
        closeSync(descriptor);
        return;
      }
      descriptors.set(name, descriptor);
    }
    writeSync(descriptor, bytes);
  };
  return {
    files: { append: write, read: (name) => createReadStream(place(name)) },
    close: () => descriptors.forEach((descriptor) => closeSync(descriptor)),
  };
}
