import { createHmac, type KeyObject } from 'node:crypto';
import { lengthPrefixed } from './aead.js';

/** HMAC-SHA-256 of (purpose, value): the same value under two purposes cannot be joined. */
export function keyedHashOf(key: KeyObject, purpose: string, value: string): Buffer {
  return createHmac('sha256', key)
    .update(lengthPrefixed(['vouchsafe-look-up-v1', purpose]))
    .update(value)
    .digest();
}
