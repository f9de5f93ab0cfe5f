import { describe, expect, it } from '@jest/globals';
import { isFineInstant, isInstant } from './instant.js';

const two = (n: number): string => String(n).padStart(2, '0');

describe('an instant', () => {
  it('is of a day that its year has', () => {
    for (const year of ['0000', '1900', '2000', '2024', '2026', '9999'])
      for (let month = 0; month <= 13; month += 1)
        for (let day = 0; day <= 32; day += 1) {
          const text = `${year}-${two(month)}-${two(day)}T23:59:59.999Z`;
          const time = Date.parse(text);
          const isThere = !Number.isNaN(time) && new Date(time).toISOString() === text;
          expect([text, isInstant(text), isFineInstant(text)]).toEqual([text, isThere, isThere]);
        }
  });

  it.each([
    'T24:00:00.000Z',
    'T25:00:00.000Z',
    'T10:60:00.000Z',
    'T10:00:60.000Z',
    'T10:00:00Z',
    'T10:00:00.000',
  ])('has a time of the day, not %s', (time) => {
    for (const day of ['2026-11-20', '2026-11-30', '2026-12-31', '2028-02-28'])
      expect([isInstant(day + time), isFineInstant(day + time)]).toEqual([false, false]);
  });

  it('has three digits behind the point, a fine one up to nine', () => {
    const digits = (n: number): string => `2026-11-20T10:00:00.${'1'.repeat(n)}Z`;
    const all = [2, 3, 4, 9, 10].map(digits);
    expect(all.map(isInstant)).toEqual([false, true, false, false, false]);
    expect(all.map(isFineInstant)).toEqual([false, true, true, true, false]);
    expect([isInstant(20_261_120), isInstant(undefined)]).toEqual([false, false]);
  });
});
