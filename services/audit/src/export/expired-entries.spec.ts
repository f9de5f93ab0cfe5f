import { expect, it } from '@jest/globals';
import { type ExpiredEntries, goneBefore, missingOf } from './expired-entries.js';
import type { IndexRange } from '../log/expired-ranges.js';

const gone =
  (...ranges: IndexRange[]) =>
  ([first, last]: IndexRange) =>
    Promise.resolve(
      ranges.filter(([from, to]) => to >= first && from <= last).map(([from, to]) => [from, to] as const),
    );

function seeing(entries: ExpiredEntries, ...indices: number[]): Promise<readonly IndexRange[]> {
  for (const index of indices) entries.seen(index);
  return entries.ranges();
}

it('what is missing of a whole range has expired: before it, inside, behind it, and all of it', async () => {
  expect(await seeing(missingOf([[5, 7]], gone()), 5, 6, 7)).toEqual([]);
  expect(await seeing(missingOf([[0, 7], undefined], gone([0, 4])), 5, 6, 7)).toEqual([[0, 4]]);
  expect(
    await seeing(
      missingOf(
        [
          [5, 9],
          [1, 3],
        ],
        gone([0, 4], [6, 6], [8, 20]),
      ),
      5,
      7,
    ),
  ).toEqual([
    [1, 4],
    [6, 6],
    [8, 9],
  ]);
  expect(await seeing(missingOf([[5, 9]], gone([0, 9])))).toEqual([[5, 9]]);
  expect(await seeing(missingOf([undefined, undefined], gone([0, 9])))).toEqual([]);
});

it('an entry that is missing and has not expired stops the bundle', async () => {
  await expect(seeing(missingOf([[5, 9]], gone([5, 6])), 9)).rejects.toThrow(
    'The entries 5 to 8 are missing',
  );
});

it('of a search, what had expired before is named', async () => {
  expect(await seeing(await goneBefore([0, 9], gone([0, 4])), 6)).toEqual([[0, 4]]);
  expect(await seeing(await goneBefore(undefined, gone([0, 4])), 6)).toEqual([]);
});
