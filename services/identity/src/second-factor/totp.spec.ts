import { describe, expect, it } from '@jest/globals';
import { generateSync } from 'otplib';
import { matchingStep, newTotpSecret, otpauthUri } from './totp.js';

/** RFC 6238, appendix B: the ASCII text `12345678901234567890`, in base32. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('time-based one-time passwords', () => {
  // The appendix gives eight digits; a code of six is the last six of them (RFC 4226 section 5.3).
  it.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('take the code of RFC 6238 appendix B at %d s', (seconds, code) => {
    expect(matchingStep(secret, code.slice(2), new Date(seconds * 1000))).toBe(Math.floor(seconds / 30));
  });

  it.each([0, 10, 29])(
    'are taken one step early and one late, and no further, %d s into a step (RFC 6238 section 5.2)',
    (into) => {
      const start = Date.parse('2026-11-22T10:00:00Z') / 1000;
      const at = new Date((start + into) * 1000);
      const codeOfStep = (distance: number) => generateSync({ secret, epoch: start + distance * 30 });
      for (const distance of [-1, 0, 1])
        expect(matchingStep(secret, codeOfStep(distance), at)).toBe(start / 30 + distance);
      for (const distance of [-2, 2, 2880]) expect(matchingStep(secret, codeOfStep(distance), at)).toBeNull();
    },
  );

  it.each<[string, (right: string) => string]>([
    ['no digit', () => ''],
    ['the first five digits', (right) => right.slice(0, 5)],
    ['a digit more', (right) => `${right}0`],
    ['a space before it', (right) => ` ${right}`],
    ['a letter in place of a digit', (right) => `${right.slice(0, 5)}a`],
    [
      'full-width digits',
      (right) => right.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    ],
  ])('do not match what is no code, made of the right one: %s', (_, spoilt) => {
    const at = new Date('2026-11-22T10:00:10Z');
    const right = generateSync({ secret, epoch: at.getTime() / 1000 });
    expect(matchingStep(secret, right, at)).not.toBeNull();
    expect(matchingStep(secret, spoilt(right), at)).toBeNull();
  });

  it('have secrets of 160 bits, none twice', () => {
    const secrets = Array.from({ length: 100 }, newTotpSecret);
    expect(new Set(secrets).size).toBe(100);
    for (const one of secrets) expect(one).toMatch(/^[A-Z2-7]{32}$/);
  });

  it('name issuer and account in the key URI', () => {
    const uri = new URL(otpauthUri(secret, 'Vouchsafe', 'ada@example.com'));
    expect([uri.protocol, uri.hostname]).toEqual(['otpauth:', 'totp']);
    expect(decodeURIComponent(uri.pathname)).toBe('/Vouchsafe:ada@example.com');
    expect(Object.fromEntries(uri.searchParams)).toEqual({ secret, issuer: 'Vouchsafe' });
  });
});
