import type { IndexRange } from '../log/expired-ranges.js';

/** Which entries of a log a bundle calls expired (P04). */
export interface ExpiredEntries {
  /** The index of an entry that the bundle holds. They ascend. */
  readonly seen: (index: number) => void;
  /** Asked when all were seen. */
  readonly ranges: () => Promise<readonly IndexRange[]>;
}

/** The parts of a range of indices that are gone. */
type Gone = (range: IndexRange) => Promise<readonly IndexRange[]>;

/** Of a search: what was gone when it began. What goes while the bundle is made is in it, or is not. */
export async function goneBefore(range: IndexRange | undefined, gone: Gone): Promise<ExpiredEntries> {
  const ranges = range ? await gone(range) : [];
  return { seen: () => undefined, ranges: () => Promise.resolve(ranges) };
}

/**
 * Of a range of which nothing is left out: what is missing when the entries have come by, those included that went meanwhile.
 * Rejects where one of them is missing for another reason.
 */
export function missingOf(parts: readonly (IndexRange | undefined)[], gone: Gone): ExpiredEntries {
  const there = parts.filter((part) => part !== undefined);
  const first = Math.min(...there.map(([from]) => from));
  const last = Math.max(...there.map(([, to]) => to));
  const missing: IndexRange[] = [];
  let next = first;
  const seen = (index: number): void => {
    if (index > next) missing.push([next, index - 1]);
    next = index + 1;
  };
  return {
    seen,
    ranges: async () => {
      if (there.length === 0) return [];
      if (next <= last) seen(last + 1);
      const expired = await gone([first, last]);
      const stray = missing.find(
        ([from, to]) => !expired.some((range) => range[0] <= from && to <= range[1]),
      );
      if (stray) throw new Error(`The entries ${stray.join(' to ')} are missing and have not expired`);
      return missing;
    },
  };
}
