import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
/** 96 bits, random: NIST SP 800-38D section 8.3 allows 2^32 values under one key; a month at 1,000/s is 2^31.3. */
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

export function newKeyBytes(): Buffer {
  return randomBytes(KEY_BYTES);
}

/** Keys live as `KeyObject`, which no log or inspection prints. */
export function keyFrom(bytes: Uint8Array): KeyObject {
  if (bytes.length !== KEY_BYTES) throw new Error(`A key has ${KEY_BYTES} bytes, not ${bytes.length}`);
  return createSecretKey(bytes);
}

/** @returns nonce | ciphertext | tag */
export function encrypt(key: KeyObject, associated: Uint8Array, plaintext: Uint8Array): Buffer {
  const nonce = freshNonce();
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]);
}

/** Drawn from the system's generator 256 at a time: a call for each costs as much as the sealing. None is given out twice. */
function freshNonce(): Uint8Array {
  if (drawn === nonces.length) {
    randomFillSync(nonces);
    drawn = 0;
  }
  return nonces.subarray(drawn, (drawn += NONCE_BYTES));
}

const nonces = Buffer.allocUnsafeSlow(NONCE_BYTES * 256);
let drawn = nonces.length;

/** @returns the plaintext, or undefined where key, associated data or bytes are not those of the sealing */
export function decrypt(key: KeyObject, associated: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(NONCE_BYTES, tagAt));
  try {
    decipher.final();
    return plaintext;
  } catch {
    return undefined;
  }
}

/**
 * Parts as one text, each behind its length in bytes (netstrings), so that two different lists never give the same text:
 * nothing can be shifted from one part to the next.
 */
export function lengthPrefixed(parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += `${Buffer.byteLength(part)}:${part},`;
  return text;
}

export function associatedData(parts: readonly string[]): Buffer {
  return Buffer.from(lengthPrefixed(parts));
}
