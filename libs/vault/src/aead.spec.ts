import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { associatedData, decrypt, encrypt, keyFrom, lengthPrefixed, newKeyBytes } from './aead.js';
import { parseSealed, printSealed } from './sealed-value.js';

const parts = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 5 });
const bytes = fc.uint8Array({ maxLength: 100 });
const key = keyFrom(newKeyBytes());

describe('authenticated encryption', () => {
  it('opens under the same key and associated data', () => {
    fc.assert(
      fc.property(parts, bytes, (context, plaintext) => {
        const opened = decrypt(
          key,
          associatedData(context),
          encrypt(key, associatedData(context), plaintext),
        );
        expect(opened?.equals(plaintext)).toBe(true);
      }),
    );
  });

  it('does not open with any other associated data', () => {
    fc.assert(
      fc.property(parts, parts, bytes, (context, other, plaintext) => {
        fc.pre(JSON.stringify(context) !== JSON.stringify(other));
        expect(
          decrypt(key, associatedData(other), encrypt(key, associatedData(context), plaintext)),
        ).toBeUndefined();
      }),
    );
  });

  it('does not open with any bit of its bytes changed, nor cut short', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(7), (plaintext, at, bit) => {
        const sealed = encrypt(key, associatedData([]), plaintext);
        const changed = Buffer.from(sealed);
        const index = at % sealed.length;
        changed[index] = (changed[index] ?? 0) ^ (1 << bit);
        expect(decrypt(key, associatedData([]), changed)).toBeUndefined();
        expect(decrypt(key, associatedData([]), sealed.subarray(0, index))).toBeUndefined();
      }),
    );
  });

  it('does not open under another key', () => {
    const sealed = encrypt(key, associatedData([]), Buffer.from('text'));
    expect(decrypt(keyFrom(newKeyBytes()), associatedData([]), sealed)).toBeUndefined();
  });

  it('never uses a nonce twice', () => {
    const nonces = Array.from({ length: 10_000 }, () =>
      encrypt(key, associatedData([]), Buffer.alloc(0)).subarray(0, 12).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(nonces.length);
  });
});

describe('length-prefixed parts', () => {
  it.each([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['a', ''], ['a']],
    [['1:a,'], ['a']],
    [['a,1:b'], ['a', 'b']],
  ])('tells %j from %j', (left, right) => {
    expect(lengthPrefixed(left)).not.toBe(lengthPrefixed(right));
  });
});

describe('the sealed form', () => {
  const sealed = printSealed('1', Buffer.from('0123456789abcdef0123456789'));

  it('has one spelling only', () => {
    const encoded = sealed.slice('v1.1.'.length);
    for (const other of [`${encoded}=`, `${encoded}\n`, ` ${encoded}`, encoded.replace(/.$/, '5'), '']) {
      expect(() => parseSealed(`v1.1.${other}`)).toThrow(
        expect.objectContaining({ fault: 'value-malformed' }),
      );
    }
  });

  it.each([
    '',
    'plain',
    'v2.1.AAAA',
    'v1.0.AAAA',
    'v1.01.AAAA',
    'v1.x.AAAA',
    'v1.2026-1-1.AAAA',
    `${sealed}.x`,
  ])('refuses %j, without showing it', (text) => {
    expect(() => parseSealed(text)).toThrow(
      /^A sealed value is not in the form v1\.<key version>\.<base64url>$/,
    );
  });
});
