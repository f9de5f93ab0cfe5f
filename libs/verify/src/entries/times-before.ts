/** When the last of the entries here with an index under a size was recorded. */
export type TimesBefore = {
  readonly add: (index: number, time: string) => void;
  readonly before: (size: number) => string | undefined;
};

/** For these sizes, which ascend as the indices do. */
export function timesBefore(sizes: readonly number[]): TimesBefore {
  const found = new Map<number, string | undefined>();
  let last: string | undefined;
  let at = 0;
  return {
    add: (index, time) => {
      for (let size = sizes[at]; size !== undefined && size <= index; size = sizes[++at])
        found.set(size, last);
      last = time;
    },
    before: (size) => (found.has(size) ? found.get(size) : last),
  };
}
