/** @promise P31, P30 the dates, checked against the page that promises them */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { faultOf, planOf } from './plan.js';

const DAY_MS = 86_400_000;
const endedAt = new Date('2027-01-31T13:45:10.000Z');
const policy = { keptDays: 30, intervalDays: 7 };
const day = (time: Date) => (time.getTime() - endedAt.getTime()) / DAY_MS;

describe('what happens to the data of an organization that has ended', () => {
  it('follows the days that are promised', () => {
    const plan = planOf(endedAt, null, policy);
    expect(Object.fromEntries(Object.entries(plan).map(([what, at]) => [what, day(at as Date)]))).toEqual({
      returnUntil: 30,
      purgeFrom: 120,
      purgeUntil: 180,
      productionErasedBy: 210,
      backupsExpiredBy: 300,
    });
  });

  it('begins when the owners were told, but the deadlines stay', () => {
    const plan = planOf(endedAt, new Date(endedAt.getTime() + 20.5 * DAY_MS), policy);
    expect(day(plan.returnUntil)).toBe(50.5);
    expect(day(plan.purgeFrom)).toBe(140.5);
    expect(day(plan.productionErasedBy)).toBe(210);
    expect(day(plan.backupsExpiredBy)).toBe(300);
  });

  it('begins no earlier than the end, whatever the clock of the one who told says', () => {
    expect(planOf(endedAt, new Date(endedAt.getTime() - DAY_MS), policy)).toEqual(
      planOf(endedAt, null, policy),
    );
  });

  it('is earlier where backups are kept longer: they must expire in time', () => {
    // 300 - (80 + 2 * 14) = 192, and 14 days for the purge.
    const plan = planOf(endedAt, null, { keptDays: 80, intervalDays: 14 });
    expect(day(plan.productionErasedBy)).toBe(192);
    expect(day(plan.purgeUntil)).toBe(178);
  });

  it('keeps what is promised under every policy that is taken, whenever the owners are told', () => {
    fc.assert(
      fc.property(
        fc.record({
          keptDays: fc.integer({ min: 1, max: 400 }),
          intervalDays: fc.integer({ min: 1, max: 60 }),
        }),
        fc.option(fc.integer({ min: 0, max: 400 * DAY_MS })),
        (kept, late) => {
          const plan = planOf(endedAt, late === null ? null : new Date(endedAt.getTime() + late), kept);
          const isPossible = kept.keptDays + 2 * kept.intervalDays <= 300 - 120 - 14;
          expect(faultOf(kept) === null).toBe(isPossible);
          if (!isPossible) return;
          expect(day(plan.purgeFrom)).toBeGreaterThanOrEqual(120);
          expect(plan.purgeFrom <= plan.purgeUntil).toBe(true);
          expect(day(plan.purgeUntil)).toBeLessThanOrEqual(180);
          expect(day(plan.productionErasedBy)).toBeLessThanOrEqual(210);
          expect(day(plan.productionErasedBy) + kept.keptDays + 2 * kept.intervalDays).toBeLessThanOrEqual(
            300,
          );
        },
      ),
    );
  });

  it('says by how much backups are kept too long', () => {
    expect(faultOf({ keptDays: 160, intervalDays: 7 })).toMatch(/Keep them 8 days less$/);
  });
});
