// By its default export: a Node that is too old has no `hash`, and must get as far as to say that it is too old.
import crypto from 'node:crypto';

/** Bytes of a SHA-256 hash. */
export const HASH_SIZE = 32;

/** MTH({}) of RFC 6962 section 2.1: the hash of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array());
}

export function sha256(data: Uint8Array | string): Buffer {
  return Buffer.from(crypto.hash('sha256', data, 'binary'), 'latin1');
}

export function sha256Base64url(text: string): string {
  return crypto.hash('sha256', text, 'base64url');
}

/** MTH({d}) = SHA-256(0x00 || d), RFC 6962 section 2.1. */
export function leafHash(leaf: Uint8Array): Uint8Array {
  return Buffer.from(leafHashText(leaf), 'latin1');
}

/** The hashes of many leaves, packed: 32 bytes each, in order. */
export function leafHashes(leaves: readonly Uint8Array[]): Uint8Array {
  let packed = '';
  for (const leaf of leaves) packed += leafHashText(leaf);
  return Buffer.from(packed, 'latin1');
}

/** SHA-256(0x01 || left || right), RFC 6962 section 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1);
  node.set(right, 1 + HASH_SIZE);
  return Buffer.from(crypto.hash('sha256', node, 'binary'), 'latin1');
}

/** The parents of neighbours: packed hashes in (an odd last one is left out), half as many packed hashes out. */
export function parentHashes(hashes: Uint8Array): Uint8Array {
  const pairs = Math.floor(hashes.length / (2 * HASH_SIZE));
  const children = asBuffer(hashes);
  let parents = '';
  for (let pair = 0; pair < pairs; pair++) {
    children.copy(node, 1, pair * 2 * HASH_SIZE, (pair + 1) * 2 * HASH_SIZE);
    parents += crypto.hash('sha256', node, 'binary');
  }
  return Buffer.from(parents, 'latin1');
}

/** The i-th of packed hashes, as a view. */
export function hashAt(hashes: Uint8Array, i: number): Uint8Array {
  return hashes.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return asBuffer(a).equals(b);
}

// A one-shot hash that answers in a string is three times as fast as one that answers in a Buffer (Node 24), and
// inputs are laid out in these two, used within one call only, so that no hash allocates its input. Answers are joined
// as text and become bytes once: a write for each costs half a hash.
const node = Buffer.alloc(1 + 2 * HASH_SIZE, 0x01);
const leafInput = Buffer.alloc(1 + 65_535, 0x00);
const leafInputs: Buffer[] = [];

function leafHashText(leaf: Uint8Array): string {
  const input = inputFor(leaf.length);
  input.set(leaf, 1);
  return crypto.hash('sha256', input, 'binary');
}

/** Room for a leaf of this many bytes behind its 0x00. Views of the common lengths are kept: one costs a tenth of a hash. */
function inputFor(length: number): Buffer {
  if (length >= leafInput.length) return Buffer.alloc(length + 1);
  if (length >= 4096) return leafInput.subarray(0, length + 1);
  return (leafInputs[length] ??= leafInput.subarray(0, length + 1));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
