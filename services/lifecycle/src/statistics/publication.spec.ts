/** @promise P32 whatever happens to whom and when, figures and their differences are about ten organizations or more */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  endOf,
  type Figures,
  type Measure,
  measures,
  monthOf,
  publicationOf,
  type Uncounted,
} from './publication.js';

/** The page that asks for it says so: k >= 10. */
const K = 10;

/** What happens: something to an organization, the deletion of its data, or the end of a month. */
type Happening =
  { readonly measure: Measure; readonly organization: number } | { readonly deleted: number } | 'month';

const organization = fc.integer({ min: 0, max: 60 });
const happening = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({ measure: fc.constantFrom(...measures), organization }),
  },
  { weight: 2, arbitrary: fc.record({ deleted: organization }) },
  { weight: 1, arbitrary: fc.constant('month' as const) },
);
const history = fc.array(happening, { minLength: 50, maxLength: 600, size: 'max' });

interface Published {
  readonly figures: Figures;
  readonly counted: readonly Uncounted[];
  /** Who waits on. */
  readonly left: readonly Uncounted[];
}

/** As the database keeps it: an organization waits once for each measure, and no longer than its data is there. */
function play(happenings: readonly Happening[]): Published[] {
  let waiting: Uncounted[] = [];
  const published: Published[] = [];
  for (const one of [...happenings, 'month' as const]) {
    if (one === 'month') {
      const { figures, counted } = publicationOf(waiting);
      waiting = waiting.filter((left) => !counted.includes(left));
      published.push({ figures, counted, left: waiting });
    } else if ('deleted' in one) {
      waiting = waiting.filter(({ countedAs }) => countedAs !== String(one.deleted));
    } else {
      const noted = { measure: one.measure, countedAs: String(one.organization) };
      const isThere = waiting.some((it) => it.measure === noted.measure && it.countedAs === noted.countedAs);
      if (!isThere) waiting = [...waiting, noted];
    }
  }
  return published;
}

const whoIn = ({ counted }: Published, measure: Measure) =>
  counted.filter((one) => one.measure === measure).map(({ countedAs }) => countedAs);

describe('a publication', () => {
  it('counts ten, and nothing below', () => {
    const waiting = (count: number): Uncounted[] =>
      Array.from({ length: count }, (_, i) => ({ measure: 'joined', countedAs: String(i) }));
    const joined = (count: number) => publicationOf(waiting(count)).figures.joined;
    expect([0, 1, 9, 10, 11, 19, 20].map(joined)).toEqual([null, null, null, 10, 10, 10, 20]);
  });

  it('does not say by two figures what one of them must not say', () => {
    // Twelve joined, ten of these ended: that two are left follows from exact counts.
    const of = (measure: Measure, count: number): Uncounted[] =>
      Array.from({ length: count }, (_, i) => ({ measure, countedAs: String(i) }));
    const { joined, ended } = publicationOf([...of('joined', 12), ...of('ended', 10)]).figures;
    expect((joined ?? 0) - (ended ?? 0)).toBe(0);
  });

  it('has figures of ten different organizations or more, or none', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        for (const one of play(happenings))
          for (const measure of measures) {
            const figure = one.figures[measure];
            const who = whoIn(one, measure);
            expect(new Set(who).size).toBe(who.length);
            expect(figure).toBe(who.length === 0 ? null : who.length);
            if (figure !== null) expect(figure).toBeGreaterThanOrEqual(K);
          }
      }),
    );
  });

  it('differs from any other, and from any sum of others, by nobody or by ten organizations or more', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.integer({ min: -3, max: 3 })), (happenings, factors) => {
        const published = play(happenings);
        for (const measure of measures) {
          // Everything up to one month, against everything up to a later one.
          for (let from = 0; from < published.length; from += 1)
            for (let to = from + 1; to <= published.length; to += 1) {
              const added = new Set(published.slice(from, to).flatMap((one) => whoIn(one, measure)));
              expect(added.size === 0 || added.size >= K).toBe(true);
            }
        }
        // Whatever anybody adds and subtracts.
        let sum = 0;
        for (const { figures } of published)
          for (const figure of Object.values(figures)) sum += (figure ?? 0) * (factors.next().value ?? 0);
        expect(sum === 0 || Math.abs(sum) >= K).toBe(true);
      }),
    );
  });

  it('loses nobody: who is in no group yet waits for the next, in the order of arrival', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        let before: readonly Uncounted[] = [];
        for (const { counted, left } of play(
          happenings.filter((one) => one === 'month' || !('deleted' in one)),
        )) {
          for (const measure of measures) {
            const waiting = left.filter((one) => one.measure === measure);
            expect(waiting.length).toBeLessThan(K);
            // Fewer than a group waited: all of them are counted before anybody who came later, or none.
            const old = before.filter((one) => one.measure === measure);
            const gone = old.filter((one) => counted.includes(one));
            expect([0, old.length]).toContain(gone.length);
            expect(old.every((one) => counted.includes(one) || left.includes(one))).toBe(true);
          }
          before = left;
        }
      }),
    );
  });
});

describe('a month', () => {
  it('ends with its last day, in UTC', () => {
    expect(endOf('2027-12')).toEqual(new Date('2028-01-01T00:00:00.000Z'));
    expect(monthOf(endOf('2028-01'))).toBe('2028-02');
    expect(monthOf(new Date('2027-12-31T23:59:59.999Z'))).toBe('2027-12');
  });
});
