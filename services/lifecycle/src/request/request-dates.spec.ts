/** @promise P10 the times of Article 12(3) GDPR, whatever the month, the year or the machine's time zone */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { datesOf, plusMonths } from './request-dates.js';

const never = { waitedMs: 0, since: null };
const dates = (receivedAt: string, isExtended = false, waiting = never, now = receivedAt) =>
  datesOf({ receivedAt: new Date(receivedAt), isExtended, waiting }, new Date(now));
const due = (receivedAt: string, isExtended = false) => dates(receivedAt, isExtended).dueAt.toISOString();

describe('a request is due', () => {
  it.each([
    ['in the middle of a month', '2027-05-15T09:30:00.000Z', '2027-06-15T09:30:00.000Z'],
    ['at the end of a short month', '2027-01-31T12:00:00.000Z', '2027-02-28T12:00:00.000Z'],
    ['in a leap year', '2028-01-31T12:00:00.000Z', '2028-02-29T12:00:00.000Z'],
    ['on a leap day', '2028-02-29T00:00:00.000Z', '2028-03-29T00:00:00.000Z'],
    ['over the end of a year', '2027-12-31T23:59:59.999Z', '2028-01-31T23:59:59.999Z'],
    ['over the beginning of summer time', '2027-03-14T01:30:00.000Z', '2027-04-14T01:30:00.000Z'],
    ['over the end of summer time', '2027-10-31T00:30:00.000Z', '2027-11-30T00:30:00.000Z'],
  ])('one month after receipt, %s', (_, receivedAt, expected) => {
    expect(due(receivedAt)).toBe(expected);
  });

  it('three months after receipt where it was extended, and months clamp once', () => {
    expect(due('2027-01-31T12:00:00.000Z', true)).toBe('2027-04-30T12:00:00.000Z');
    expect(due('2027-11-30T12:00:00.000Z', true)).toBe('2028-02-29T12:00:00.000Z');
    expect(due('2027-12-31T12:00:00.000Z', true)).toBe('2028-03-31T12:00:00.000Z');
  });

  it('later by the time that it waits for an identity, and by no other', () => {
    const waiting = { waitedMs: 3_600_000, since: '2027-05-20T00:00:00.000Z' };
    const day = dates('2027-05-15T00:00:00.000Z', false, waiting as never, '2027-05-21T00:00:00.000Z');
    expect(day.dueAt.toISOString()).toBe('2027-06-16T01:00:00.000Z');
    expect(day.targetAt.toISOString()).toBe('2027-06-13T01:00:00.000Z');
  });
});

const time = fc.date({ min: new Date('1970-01-01'), max: new Date('9990-01-01'), noInvalidDate: true });
const months = fc.integer({ min: 0, max: 36 });

describe('months that are added', () => {
  it('lead to the month that is meant, and to the same day or its last', () => {
    fc.assert(
      fc.property(time, months, (from, count) => {
        const to = plusMonths(from, count);
        const passed =
          (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
        const nextDay = new Date(to.getTime() + 86_400_000);
        expect(passed).toBe(count);
        expect(to.getUTCDate() === from.getUTCDate() || nextDay.getUTCMonth() !== to.getUTCMonth()).toBe(
          true,
        );
        expect(to.getUTCDate()).toBeLessThanOrEqual(from.getUTCDate());
      }),
    );
  });

  it('keep the time of day, and the order of requests', () => {
    fc.assert(
      fc.property(time, time, months, (one, other, count) => {
        const [first, second] = one <= other ? [one, other] : [other, one];
        expect(plusMonths(first, count).toISOString().slice(11)).toBe(first.toISOString().slice(11));
        const isSameDay = plusMonths(first, count).getTime() > plusMonths(second, count).getTime();
        // Two that clamp to one last day may change places within it; never beyond it.
        if (isSameDay)
          expect(plusMonths(first, count).toISOString().slice(0, 10)).toBe(
            plusMonths(second, count).toISOString().slice(0, 10),
          );
      }),
    );
  });

  it('make an extended request due after the first month, and the target no later than it', () => {
    fc.assert(
      fc.property(time, (receivedAt) => {
        const waiting = { waitedMs: 0, since: null };
        const plain = datesOf({ receivedAt, isExtended: false, waiting }, receivedAt);
        const extended = datesOf({ receivedAt, isExtended: true, waiting }, receivedAt);
        expect(extended.dueAt > plain.dueAt).toBe(true);
        expect(extended.extendableUntil).toEqual(plain.dueAt);
        expect(plain.targetAt <= plain.dueAt).toBe(true);
      }),
    );
  });
});
