import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { formatKeyHistory, layOutZip, type KeyPeriod } from '@vouchsafe/forensic-bundle';
import {
  canonicalJson,
  encodeVerifierKey,
  signNote,
  type NoteSigner,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import { LOG_ID } from './bundle.fixture.js';
import { KEY_HISTORY, LOG_KEYS, logFile, MANIFEST, MANIFEST_KEY, MANIFEST_NOTE } from './container/names.js';
import type { Manifest } from './manifest/manifest.js';

/** What whoever forges a bundle needs: files taken apart, changed, and put together so that all of it fits again. */
export type Content = Map<string, Buffer>;

export function zipOf(content: Content): Buffer {
  const members = sorted(content).map(([name, bytes]) => ({
    ...{ name, size: bytes.length, crc32: crc32(bytes) },
  }));
  const layout = layOutZip(members);
  const parts = layout.members.flatMap(({ header, name }) => [header, content.get(name) ?? Buffer.alloc(0)]);
  return Buffer.concat([...parts, layout.tail]);
}

/** Makes the manifest fit the files again, and signs it. `change` sees the manifest as its JSON has it. */
export function remanifest(
  content: Content,
  signer: NoteSigner,
  change: (m: Manifest) => object = (m) => m,
): Content {
  const files = sorted(content)
    .filter(([name]) => name !== MANIFEST && name !== MANIFEST_NOTE)
    .map(([name, bytes]) => ({ name, size: bytes.length, sha256: sha256(bytes) }));
  const changed: { version?: unknown } = change(JSON.parse(String(content.get(MANIFEST))) as Manifest);
  const value: unknown = JSON.parse(canonicalJson({ ...changed, files }));
  const manifest = Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  const text = `vouchsafe forensic bundle v${String(changed.version)}\nmanifest.json sha256 ${sha256(manifest)}\n`;
  return new Map(content).set(MANIFEST, manifest).set(MANIFEST_NOTE, Buffer.from(signNote(text, signer)));
}

function sorted(content: Content): [string, Buffer][] {
  return [...content].sort(([a], [b]) => (a < b ? -1 : 1));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function flip(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
}

export const file = (name: Parameters<typeof logFile>[1]): string => logFile(LOG_ID, name);

export function edit(content: Content, name: string, change: (bytes: Buffer) => Buffer): Content {
  return new Map(content).set(name, change(content.get(name) ?? Buffer.alloc(0)));
}

export function editLines(content: Content, name: string, change: (lines: string[]) => string[]): Content {
  return edit(content, name, (bytes) =>
    Buffer.from(change(bytes.toString('utf8').split(/(?<=\n)/)).join('')),
  );
}

export function without(content: Content, name: string): Content {
  const rest = new Map(content);
  rest.delete(name);
  return rest;
}

/** Puts other keys, and other times of them, into keys/. */
export function withKeys(
  content: Content,
  keys: readonly (Partial<KeyPeriod> & Pick<KeyPeriod, 'use'> & { readonly key: VerifierKey })[],
): Content {
  const lines = (use: KeyPeriod['use']): Buffer =>
    Buffer.from(
      keys
        .filter((one) => one.use === use)
        .map(({ key }) => `${encodeVerifierKey(key)}\n`)
        .join(''),
    );
  const history = keys.map((one) => ({ from: '2026-01-01T00:00:00.000Z', to: null, ...one }));
  return new Map(content)
    .set(LOG_KEYS, lines('log'))
    .set(MANIFEST_KEY, lines('manifest'))
    .set(KEY_HISTORY, Buffer.from(formatKeyHistory(history)));
}
