/** First and last index, both included. */
export type IndexRange = readonly [first: number, last: number];

/** Ascending, apart (neighbours would be one range), and within the bounds. */
export function areRanges(ranges: readonly IndexRange[], lowest: number, highest: number): boolean {
  return ranges.every(([first, last], i) => {
    const before = ranges[i - 1]?.[1];
    return (
      first <= last && first >= lowest && last <= highest && (before === undefined || first > before + 1)
    );
  });
}

/** Answers whether indices, asked in ascending order, are in the ranges. */
export function rangeCursor(ranges: readonly IndexRange[]): (index: number) => boolean {
  let at = 0;
  return (index) => {
    for (let range = ranges[at]; range && range[1] < index; range = ranges[at]) at++;
    const range = ranges[at];
    return range !== undefined && range[0] <= index;
  };
}

export function countIndices(ranges: readonly IndexRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
