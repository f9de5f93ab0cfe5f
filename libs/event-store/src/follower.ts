/** A loop in the background: works while there is work, waits to be woken, looks by itself now and then. */
export interface Follower {
  /** Look now; many calls while it is busy make one look. */
  wake(): void;
  /** Why the last look failed, until one succeeds. */
  readonly stoppedBecause: () => unknown;
  /** Waits for the page under way. */
  stop(): Promise<void>;
}

export interface Pace {
  /** Milliseconds between looks when nobody wakes it. */
  readonly idle?: number;
  /** Milliseconds before a failed look is tried again. */
  readonly retry?: number;
  readonly onError?: (error: unknown) => void;
}

/** @param step works one page off and says how much it was; 0 means that nothing is left */
export function follow(
  step: () => Promise<number>,
  { idle = 500, retry = 1000, onError }: Pace = {},
): Follower {
  let stopped = false;
  let woken = false;
  let failure: unknown;
  let endSleep: () => void = () => undefined;

  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      endSleep = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    while (!isStopped()) {
      woken = false;
      try {
        const done = await step();
        failure = undefined;
        if (done === 0 && !wasWoken() && !isStopped()) await sleep(idle);
      } catch (error) {
        failure = error;
        onError?.(error);
        if (!isStopped()) await sleep(retry);
      }
    }
  };
  // Functions, because both change while `run` waits.
  const isStopped = (): boolean => stopped;
  const wasWoken = (): boolean => woken;
  const running = run();
  return {
    wake: () => {
      woken = true;
      endSleep();
    },
    stoppedBecause: () => failure,
    stop: () => {
      stopped = true;
      endSleep();
      return running;
    },
  };
}
