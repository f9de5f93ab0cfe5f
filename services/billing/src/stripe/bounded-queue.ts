/** So many at once, so many more waiting; whoever comes beyond that is turned away at once. */
export class BoundedQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limits: { readonly atOnce: number; readonly waiting: number }) {}

  /** @returns what `work` gives, or `undefined` where the queue is full and nothing was done */
  async run<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    if (this.running >= this.limits.atOnce) {
      if (this.waiting.length >= this.limits.waiting) return undefined;
      // Whoever ends hands its place on: nobody who comes later gets before the one that waits.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
