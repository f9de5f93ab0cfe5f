/** Runs at most `places` pieces of work at once; the others wait in the order in which they came. */
export function semaphore(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      // A place is handed over, not given back, so that nobody who comes later slips in between.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
