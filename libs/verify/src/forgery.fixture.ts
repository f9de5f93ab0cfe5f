import {
  KEY_HISTORY,
  LOG_KEYS,
  MANIFEST,
  MANIFEST_KEY,
  MANIFEST_NOTE,
  compareNames,
  fileDigest,
  formatKeyHistory,
  formatManifest,
  layOutZip,
  logFile,
  manifestNoteText,
  parseManifest,
  type KeyPeriod,
  type Manifest,
} from '@vouchsafe/forensic-bundle';
import { encodeVerifierKey, signNote, type NoteSigner, type VerifierKey } from '@vouchsafe/transparency-log';
import { LOG_ID } from './bundle.fixture.js';

/** What whoever forges a bundle needs: files taken apart, changed, and put together so that all of it fits again. */
export type Content = Map<string, Buffer>;

export function zipOf(content: Content): Buffer {
  const members = [...content]
    .map(([name, bytes]) => ({ name, ...digestOf(bytes) }))
    .sort((a, b) => compareNames(a.name, b.name));
  const layout = layOutZip(members);
  const parts = layout.members.flatMap(({ header, name }) => [header, content.get(name) ?? Buffer.alloc(0)]);
  return Buffer.concat([...parts, layout.tail]);
}

/** Makes the manifest fit the files again, and signs it. */
export function remanifest(
  content: Content,
  signer: NoteSigner,
  change: (m: Manifest) => Manifest = (m) => m,
): Content {
  const parsed = parseManifest(fixtureManifest(content));
  if ('error' in parsed) throw new Error(parsed.error);
  const files = [...content]
    .filter(([name]) => name !== MANIFEST && name !== MANIFEST_NOTE)
    .map(([name, bytes]) => ({ name, size: bytes.length, sha256: digestOf(bytes).sha256 }))
    .sort((a, b) => compareNames(a.name, b.name));
  const manifest = Buffer.from(formatManifest({ ...change(parsed.manifest), files }));
  const note = signNote(manifestNoteText(digestOf(manifest).sha256), signer);
  return new Map(content).set(MANIFEST, manifest).set(MANIFEST_NOTE, Buffer.from(note));
}

function fixtureManifest(content: Content): Buffer {
  return content.get(MANIFEST) ?? Buffer.alloc(0);
}

function digestOf(bytes: Uint8Array): { size: number; crc32: number; sha256: string } {
  const digest = fileDigest();
  digest.update(bytes);
  return digest.done();
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
