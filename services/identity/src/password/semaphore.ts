/** More is waiting than will be done in a reasonable time. */
export class TooManyWaitingError extends Error {
  override readonly name = 'TooManyWaitingError';
}

/**
 * Runs at most `places` pieces of work at once; the others wait in the order in which they came, `mostWaiting` of them at
 * most.
 * @throws TooManyWaitingError instead of waiting behind so many
 */
export function semaphore(places: number, mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0 && waiting.length >= mostWaiting) throw new TooManyWaitingError('Too many are waiting');
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
