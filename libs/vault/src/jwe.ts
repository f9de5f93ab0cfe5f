import type { KeyObject } from 'node:crypto';
import { decrypt, encrypt, NONCE_BYTES, TAG_BYTES } from './aead.js';

/**
 * JWE in compact serialization (RFC 7516, section 7.1) of the one kind that we write and read: `dir` (RFC 7518, section 4.5) with
 * `A256GCM` (section 5.3). By node:crypto, for its cost is the relay's; libraries for JOSE seal and open each message asynchronously.
 */
const ALGORITHM = { alg: 'dir', enc: 'A256GCM' } as const;

/** @param header more members of the protected header: in clear, and authenticated */
export function sealJwe(key: KeyObject, header: Readonly<Record<string, string>>, plaintext: string): string {
  const encoded = Buffer.from(JSON.stringify({ ...ALGORITHM, ...header })).toString('base64url');
  // Its associated data is the header as it is encoded (RFC 7516, section 5.1, step 14).
  const sealed = encrypt(key, Buffer.from(encoded), Buffer.from(plaintext));
  const part = (from: number, to?: number): string => sealed.subarray(from, to).toString('base64url');
  const tagAt = sealed.length - TAG_BYTES;
  return `${encoded}..${part(0, NONCE_BYTES)}.${part(NONCE_BYTES, tagAt)}.${part(tagAt)}`;
}

/** @returns undefined where it is no such JWE, or not one of this key */
export function openJwe(
  key: KeyObject,
  jwe: string,
): { readonly header: Readonly<Record<string, unknown>>; readonly plaintext: string } | undefined {
  const [encoded = '', encryptedKey, ...more] = jwe.split('.');
  const [nonce, ciphertext, tag, ...surplus] = more.map((part) => Buffer.from(part, 'base64url'));
  if (encryptedKey !== '' || !nonce || !ciphertext || !tag || surplus.length > 0) return undefined;
  if (nonce.length !== NONCE_BYTES || tag.length !== TAG_BYTES) return undefined;
  const opened = decrypt(key, Buffer.from(encoded), Buffer.concat([nonce, ciphertext, tag]));
  // What is authenticated was written by a holder of the key, so it is an object.
  if (!opened) return undefined;
  const header = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as Record<string, unknown>;
  if (header.alg !== ALGORITHM.alg || header.enc !== ALGORITHM.enc) return undefined;
  return { header, plaintext: opened.toString() };
}
