import { expect, it } from '@jest/globals';
import { recordedBefore } from './retention-period.js';

it.each([
  ['2026-11-29T10:30:00.123Z', 12, '2025-11-29T10:30:00.123Z'],
  // Months clamp to their last day.
  ['2028-02-29T00:00:00.000Z', 12, '2027-02-28T00:00:00.000Z'],
  ['2027-03-31T23:59:59.999Z', 1, '2027-02-28T23:59:59.999Z'],
  ['2028-03-31T00:00:00.000Z', 1, '2028-02-29T00:00:00.000Z'],
  ['2027-01-31T00:00:00.000Z', 2, '2026-11-30T00:00:00.000Z'],
  ['2027-01-01T00:00:00.000Z', 1, '2026-12-01T00:00:00.000Z'],
])('at %s, what has been kept for %i months was recorded before %s', (at, months, before) => {
  expect(recordedBefore(new Date(at), months).toISOString()).toBe(before);
});
