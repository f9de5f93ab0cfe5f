/** First and last index, both included. */
export type IndexRange = readonly [first: number, last: number];

/** Collects ascending indices into ranges: memory goes with the number of gaps, not of entries. */
export function rangeCollector(): { add: (index: number) => void; ranges: () => IndexRange[] } {
  const ranges: [number, number][] = [];
  return {
    add: (index) => {
      const last = ranges.at(-1);
      if (last?.[1] === index - 1) last[1] = index;
      else ranges.push([index, index]);
    },
    ranges: () => ranges,
  };
}

/** Ascending, apart (neighbours would be one range), and within the bounds. */
export function areRanges(ranges: readonly IndexRange[], lowest: number, highest: number): boolean {
  return ranges.every(([first, last], i) => {
    const before = ranges[i - 1]?.[1];
    return (
      first <= last && first >= lowest && last <= highest && (before === undefined || first > before + 1)
    );
  });
}

export function countIndices(ranges: readonly IndexRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
