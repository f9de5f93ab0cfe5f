import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { decodeBase64, encodeBase64 } from './base64.js';
import { sha256 } from './hash.js';

/** Signature types of c2sp.org/signed-note that we can check: a log's own, and a witness's `cosignature/v1`. */
export const ED25519 = 0x01;
export const COSIGNATURE_V1 = 0x04;
export type SignatureType = typeof ED25519 | typeof COSIGNATURE_V1;

/** A key that notes are checked with. `id` is the 32-bit key ID; name and id together tell keys apart. */
export type VerifierKey = {
  readonly name: string;
  readonly id: number;
  readonly type: SignatureType;
  readonly publicKey: Uint8Array;
  /** `text` is the note's text, `signature` what follows the key ID on the signature line. */
  readonly verify: (text: Uint8Array, signature: Uint8Array) => boolean;
};

/** Signs with an Ed25519 key (type 0x01); `sign` answers with the 64 bytes of the signature of a note's text. */
export type NoteSigner = {
  readonly name: string;
  readonly id: number;
  readonly sign: (text: Uint8Array) => Uint8Array;
};

export type VerifierKeyError = 'malformed-key' | 'unknown-algorithm' | 'wrong-key-id';

/** Reads `<name>+<hex key ID>+<base64(type || public key)>`. */
export function parseVerifierKey(vkey: string): { key: VerifierKey } | { error: VerifierKeyError } {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  const [, name = '', id = '', encoded = ''] = match ?? [];
  const material = decodeBase64(encoded);
  if (!match || !material || !isKeyName(name)) return { error: 'malformed-key' };
  const type = material[0];
  if (type !== ED25519 && type !== COSIGNATURE_V1) return { error: 'unknown-algorithm' };
  if (material.length !== 33) return { error: 'malformed-key' };
  const key = verifierKey(name, material.subarray(1), type);
  return key.id === Number.parseInt(id, 16) ? { key } : { error: 'wrong-key-id' };
}

/** The verifier key of a raw 32-byte Ed25519 public key. Throws on a name that a note can't carry. */
export function verifierKey(name: string, publicKey: Uint8Array, type: SignatureType = ED25519): VerifierKey {
  if (!isKeyName(name)) throw new Error('a key name has no white space and no plus');
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  return {
    name,
    id: keyId(name, publicKey, type),
    type,
    publicKey,
    verify: (text, signature) => {
      if (type === ED25519) return signature.length === 64 && verify(null, text, key, signature);
      const message = cosignedMessage(text, signature.subarray(0, 8));
      return (
        signature.length === 72 && message !== undefined && verify(null, message, key, signature.subarray(8))
      );
    },
  };
}

export function encodeVerifierKey({ name, id, type, publicKey }: Omit<VerifierKey, 'verify'>): string {
  return `${name}+${hex(id)}+${encodeBase64(Buffer.concat([Uint8Array.of(type), publicKey]))}`;
}

/** The signer, and its verifier key, of an Ed25519 private key: its 32-byte seed (RFC 8032) or a KeyObject. */
export function ed25519Signer(
  name: string,
  privateKey: Uint8Array | KeyObject,
): { signer: NoteSigner; key: VerifierKey } {
  const secret =
    privateKey instanceof Uint8Array
      ? createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, privateKey]), format: 'der', type: 'pkcs8' })
      : privateKey;
  if (secret.asymmetricKeyType !== 'ed25519') throw new Error('a note is signed with an Ed25519 key');
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  const key = verifierKey(name, spki.subarray(SPKI_PREFIX.length));
  return { key, signer: { name, id: key.id, sign: (text) => sign(null, text, secret) } };
}

/** SHA-256(name || 0x0A || type || public key), its first four bytes. */
function keyId(name: string, publicKey: Uint8Array, type: SignatureType = ED25519): number {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(type), publicKey])).readUInt32BE(0);
}

/** Not empty, well-formed, no Unicode white space, no plus; no control character either, as a note may have none. */
export function isKeyName(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is being refused
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);
}

/** c2sp.org/tlog-cosignature: what a witness signs is not the text alone, but also when it saw it. */
function cosignedMessage(text: Uint8Array, timestamp: Uint8Array): Uint8Array | undefined {
  if (timestamp.length !== 8) return undefined;
  const seconds = Buffer.from(timestamp).readBigUInt64BE(0);
  if (seconds >= 2n ** 63n) return undefined;
  return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${seconds}\n`), text]);
}

function hex(id: number): string {
  return id.toString(16).padStart(8, '0');
}

// What stands before the 32 bytes in the two DER forms of RFC 8410.
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
