import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generateSync } from 'otplib';
import { base32, codeOf, matchingStep, newTotpSecret, otpauthUri, stepAt } from './totp.js';

/** RFC 6238, appendix B: the secret is the ASCII text. */
const secret = base32(Buffer.from('12345678901234567890'));

describe('time-based one-time passwords', () => {
  it.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('give the code of RFC 6238 appendix B at %d s', (seconds, code) => {
    expect(codeOf(secret, Math.floor(seconds / 30), 8)).toBe(code);
  });

  it('are those of another library', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (epoch) => {
        const own = newTotpSecret();
        expect(codeOf(own, Math.floor(epoch / 30))).toBe(generateSync({ secret: own, epoch }));
      }),
      { numRuns: 30 },
    );
  });

  it('are taken one step early and one late, and not further (RFC 6238 section 5.2)', () => {
    const at = new Date('2026-11-22T10:00:10Z');
    const now = stepAt(at);
    for (const distance of [-1, 0, 1]) {
      expect(matchingStep(secret, codeOf(secret, now + distance), at)).toBe(now + distance);
    }
    for (const distance of [-2, 2, 2880]) {
      expect(matchingStep(secret, codeOf(secret, now + distance), at)).toBeNull();
    }
  });

  it('do not match another length', () => {
    const at = new Date('2026-11-22T10:00:10Z');
    expect(matchingStep(secret, '', at)).toBeNull();
    expect(matchingStep(secret, codeOf(secret, stepAt(at)).slice(0, 5), at)).toBeNull();
  });

  it('name issuer and account in the key URI', () => {
    const uri = new URL(otpauthUri(secret, 'Vouchsafe', 'ada@example.com'));
    expect(uri.protocol).toBe('otpauth:');
    expect(decodeURIComponent(uri.pathname)).toBe('/Vouchsafe:ada@example.com');
    expect(Object.fromEntries(uri.searchParams)).toMatchObject({ secret, issuer: 'Vouchsafe', period: '30' });
  });
});
