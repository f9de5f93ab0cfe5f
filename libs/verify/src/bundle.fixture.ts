import {
  stageBundle,
  zipBundle,
  type BundleEntry,
  type BundleRequest,
  type StagedFile,
} from '@vouchsafe/forensic-bundle';
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
import type { ByteSource } from './container/zip.js';

/** A whole bundle of a made-up log, in memory, as the audit service writes one. */
export const LOG_ID = 'log-0123456789abcdef';
export const ORIGIN = `audit.example.com/${LOG_ID}`;
export const LOG = ed25519Signer(ORIGIN, Buffer.alloc(32, 1));
export const EXPORTER = ed25519Signer('audit.example.com/exports', Buffer.alloc(32, 2));

export type FixtureOptions = {
  readonly size?: number;
  readonly first?: number;
  readonly last?: number;
  readonly claim?: 'contiguous' | 'inclusion';
  readonly keep?: (index: number) => boolean;
  readonly expired?: readonly (readonly [number, number])[];
  readonly change?: (request: BundleRequest) => BundleRequest;
};

export type Fixture = {
  readonly files: StagedFile[];
  readonly content: Map<string, Buffer>;
  readonly zip: Buffer;
};

export async function bundleFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const {
    size = 700,
    first = 200,
    last = 650,
    claim = 'contiguous',
    keep = () => true,
    expired = [],
  } = options;
  const made = Array.from({ length: size }, (_, index) => syntheticEntry(index));
  const hashes = leafHashes(made.map((entry) => entry.leaf));
  const checkpointAt = (n: number): Uint8Array => {
    const root = rootOf(append(emptyTree, hashes.subarray(0, n * 32)).tree);
    return signCheckpoint({ origin: ORIGIN, size: n, root }, LOG.signer);
  };
  const isExpired = (index: number): boolean => expired.some(([from, to]) => from <= index && index <= to);
  const request: BundleRequest = {
    exportId: 'export-1',
    createdAt: '2026-11-22T12:00:00.000Z',
    organizationId: 'org-1',
    range: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
    asked: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
    coveredUntil: '2026-12-01T00:00:00.000Z',
    filter: {},
    disclosed: ['sourceIp', 'url'],
    claim,
    logs: [
      {
        id: LOG_ID,
        origin: ORIGIN,
        checkpoint: checkpointAt(size),
        tiles: tilesInMemory(hashes),
        entries: made.slice(first, last + 1).filter((entry) => keep(entry.index) && !isExpired(entry.index)),
        expired: () => Promise.resolve(expired),
        earlierCheckpoints: [1, 256, 300, size - 1].filter((n) => n < size).map(checkpointAt),
        predecessor: null,
      },
    ],
    keys: [
      { key: LOG.key, use: 'log', from: '2026-01-01T00:00:00.000Z', to: null },
      { key: EXPORTER.key, use: 'manifest', from: '2026-01-01T00:00:00.000Z', to: null },
    ],
    signer: EXPORTER.signer,
  };
  const content = new Map<string, Buffer>();
  const stage = {
    append: (name: string, bytes: Uint8Array): void => {
      content.set(name, Buffer.concat([content.get(name) ?? Buffer.alloc(0), bytes]));
    },
    read: (name: string): Buffer[] => [content.get(name) ?? Buffer.alloc(0)],
  };
  const files = await stageBundle(options.change?.(request) ?? request, stage);
  const parts: Uint8Array[] = [];
  for await (const part of zipBundle(files, stage)) parts.push(part);
  return { files, content, zip: Buffer.concat(parts) };
}

export function inMemory(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** Every kind of entry: with and without personal values, some of them opened, erased, or held; names that hurt CSV. */
function syntheticEntry(index: number): BundleEntry {
  const salt = (n: number): Uint8Array => Buffer.from(`salt ${n} of ${index}`.padEnd(16, '.'));
  const erased = index % 50 === 7;
  const made = makeLeaf(
    {
      version: 2,
      source: 'shop',
      submitter: { type: 'api-key', id: 'key-1' },
      provenance: index % 2 === 0 ? 'asserted' : 'observed',
      id: `entry-${index}`,
      recordedAt: new Date(Date.UTC(2026, 10, 2) + index * 1000).toISOString(),
      occurredAt: new Date(Date.UTC(2026, 10, 2) + index * 1000 - 5).toISOString(),
      actor: { type: 'user', id: `user-${index % 9}` },
      operation: ['session.create', 'member.update', 'document.read'][index % 3] ?? '',
      entity: { type: ['session', 'member', 'document'][index % 3] ?? '', id: `entity-${index}` },
      outcome: ['success', 'denied', 'failure'][index % 3] ?? '',
      ...(index % 5 === 0 && { details: { note: `=1+1 "quoted", line ${index}\nü` } }),
    },
    index % 4 === 3
      ? []
      : [
          { path: ['sourceIp'], value: `192.0.2.${index % 250}`, salt: salt(1) },
          { path: ['url'], value: `/documents/${index}?q=,`, salt: salt(2) },
          { path: ['details', 'email'], value: `person${index}@example.com`, salt: salt(3) },
        ],
  );
  if (made.status !== 'made') throw new Error(made.status);
  const opened = made.disclosures.filter((d) => !erased && d.name !== 'email').map((d) => d.disclosure);
  return {
    index,
    leaf: made.leaf,
    disclosures: opened,
    erased: erased && index % 4 !== 3,
    held: index % 60 < 5,
  };
}
