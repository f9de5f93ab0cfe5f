import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hmacSha256 } from './search-keys.js';

describe('the keyed hash of a search', () => {
  it.each([
    // RFC 4231, sections 4.2 and 4.3: test cases 1 and 2.
    [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
  ])('is the HMAC-SHA-256 of RFC 4231', (key, text, expected) => {
    expect(hmacSha256(key)(text)).toBe(expected);
  });

  it('is what node:crypto says, of texts of any length and script, one after the other', () => {
    const texts = fc.array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 400 }),
        fc.nat(2000).map((length) => 'é'.repeat(length)),
      ),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), texts, (key, some) => {
        const hmac = hmacSha256(key);
        for (const text of some)
          expect(hmac(text)).toBe(createHmac('sha256', key).update(text).digest('hex'));
      }),
    );
  });
});
