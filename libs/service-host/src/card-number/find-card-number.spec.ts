/** @promise P17 card numbers are found however they are written, and what is none passes as far as can be told */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { cardNumbers, lookAlikes, notations, testCards } from '@vouchsafe/testing';
import fc from 'fast-check';
import { findCardNumbers, holdsCardNumber, withoutCardNumbers } from './find-card-number.js';

describe('a card number', () => {
  const numbers = cardNumbers(20);

  it.each(Object.entries(notations))('%s is found', (_, written) => {
    expect(numbers.filter((number) => !holdsCardNumber(written(number)))).toEqual([]);
  });

  it('is found where it stands, and masked', () => {
    const text = 'Pay with 4242 4242 4242 4242 or 378282246310005.';
    expect(findCardNumbers(text)).toEqual([
      { start: 9, end: 28 },
      { start: 32, end: 47 },
    ]);
    expect(withoutCardNumbers(text)).toBe('Pay with [card number] or [card number].');
  });

  it('is none with another check digit, another digit or another length', () => {
    for (const number of testCards) {
      const last = Number(number.at(-1));
      const wrong = number.slice(0, -1) + String((last + 1) % 10);
      expect([wrong, holdsCardNumber(wrong)]).toEqual([wrong, false]);
    }
    for (const number of ['1234567890123452', '9999999999999995', '424242424242', '0000000000000000'])
      expect([number, holdsCardNumber(number)]).toEqual([number, false]);
  });

  it('is none within a longer run of digits', () => {
    expect(holdsCardNumber('14242424242424242')).toBe(false);
    expect(holdsCardNumber('42424242424242421234')).toBe(false);
  });

  it('is none without the prefix of an issuer, whatever its check digit', () => {
    fc.assert(fc.property(fc.stringMatching(/^[07][0-9]{15}$/), (number) => !holdsCardNumber(number)));
  });

  it('is found among any text that is no part of it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...numbers),
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        (number, before, after) => holdsCardNumber(`${before}: ${number}, ${after}`),
      ),
    );
  });
});

const PER_KIND = 2000;
const alarms = Object.entries(lookAlikes(PER_KIND)).map(([kind, texts]) => ({
  kind,
  alarms: texts.filter(holdsCardNumber).length,
}));

describe('what looks like a card number', () => {
  const page = readFileSync(new URL('../../../../docs/card-data.md', import.meta.url), 'utf8');

  it.each(alarms)('$kind: as many are taken for one as docs/card-data.md says', ({ kind, alarms: found }) => {
    const rate = `${((found * 100) / PER_KIND).toFixed(2)} %`;
    const row = page.split('\n').find((line) => line.startsWith(`| ${kind} `));
    expect(
      row
        ?.split('|')
        .map((cell) => cell.trim())
        .slice(1, 3),
    ).toEqual([kind, rate]);
  });
});

describe('the time it takes', () => {
  const LENGTH = 262_144;
  const texts = {
    prose: 'Lorem ipsum dolor sit amet ',
    digits: '4',
    'single digits': '4 ',
    'groups of four': '4242 4242 4242 4241 ',
    'card numbers': '4242 4242 4242 4242 ',
    'marks over digits': '4\u0301\u0316',
    gaps: '4 -.',
    Chinese: '汉字',
    'account numbers': 'DK5000400440116243 ',
    'account numbers in groups': 'AA00 DK50 0040 0440 1162 43 ',
    'telephone numbers': '+378282246310005 ',
    UUIDs: '42424242-4242-4242-8242-424242424242 ',
    hashes: 'a4222222222222222222bbccdd ',
    decimals: '1.4242424242424242 ',
  };

  it.each(Object.entries(texts))('grows with the length alone: %s', (_, text) => {
    const time = (length: number) => {
      const long = text.repeat(Math.ceil(length / text.length)).slice(0, length);
      const start = performance.now();
      expect(withoutCardNumbers(long).length).toBeGreaterThan(0);
      return performance.now() - start;
    };
    time(LENGTH / 16);
    // What is quadratic would take 256 times as long for 16 times the length.
    expect(time(LENGTH)).toBeLessThan(64 * Math.max(time(LENGTH / 16), 5));
  });
});
