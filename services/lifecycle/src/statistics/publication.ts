/** @promise P32 anonymous statistics: no figure and no difference of figures is about fewer than ten organizations (ADR 0052) */

/** k of k-anonymity. */
export const GROUP_SIZE = 10;

/** What is counted, always in organizations: never people, and never how often something happened. */
export const measures = ['joined', 'ended', 'deleted', 'returned', 'asked'] as const;
export type Measure = (typeof measures)[number];

export type Figures = Readonly<Record<Measure, number | null>>;

/** An organization to which something happened that no figure counts yet. It waits once, however often it happens meanwhile. */
export interface Uncounted {
  readonly measure: Measure;
  readonly countedAs: string;
}

/**
 * Counts in whole groups: each figure is a multiple of ten, and so is every sum and difference of figures, whatever follows from what. Who
 * is left over waits for the next publication, so that nobody is lost and no group ever has fewer.
 * @param uncounted in the order in which they are counted
 */
export function publicationOf(uncounted: readonly Uncounted[]): {
  readonly figures: Figures;
  readonly counted: readonly Uncounted[];
} {
  const groups = measures.map((measure) => {
    const waiting = uncounted.filter((one) => one.measure === measure);
    return { measure, counted: waiting.slice(0, waiting.length - (waiting.length % GROUP_SIZE)) };
  });
  return {
    // None is withheld, and not published as zero: there may be nine.
    figures: Object.fromEntries(
      groups.map(({ measure, counted }) => [measure, counted.length || null]),
    ) as Figures,
    counted: groups.flatMap(({ counted }) => counted),
  };
}

/** In UTC: `2027-01`. */
export function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

export function endOf(month: string): Date {
  const end = new Date(`${month}-01T00:00:00.000Z`);
  end.setUTCMonth(end.getUTCMonth() + 1);
  return end;
}
