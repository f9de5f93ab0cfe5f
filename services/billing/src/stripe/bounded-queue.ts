interface Share {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * So much work at once, and of each asker no more than a share. Free places are given in turn, one to each asker who waits: whoever asks for
 * much waits for their own work, and others wait for one piece of it at most. Beyond a share an asker is turned away at once.
 */
export class BoundedQueue {
  private running = 0;
  /** Those of whom something runs or waits; whose turn is next comes first. */
  private readonly shares = new Map<string, Share>();

  constructor(
    private readonly limits: {
      readonly atOnce: number;
      readonly share: { readonly atOnce: number; readonly waiting: number };
    },
  ) {}

  /** @returns what `work` gives, or `undefined` where the asker's share is full and nothing was done */
  async run<Result>(asker: string, work: () => Promise<Result>): Promise<Result | undefined> {
    const share = this.shares.get(asker) ?? { running: 0, waiting: [] };
    if (share.waiting.length >= this.limits.share.waiting) return undefined;
    this.shares.set(asker, share);
    await new Promise<void>((resolve) => {
      share.waiting.push(resolve);
      this.serve();
    });
    try {
      return await work();
    } finally {
      this.running -= 1;
      share.running -= 1;
      if (share.running === 0 && share.waiting.length === 0) this.shares.delete(asker);
      this.serve();
    }
  }

  /** Gives the free places to those who wait; whoever is served goes to the end. */
  private serve(): void {
    while (this.running < this.limits.atOnce) {
      const turn = [...this.shares].find(([, share]) => this.mayRun(share));
      const next = turn?.[1].waiting.shift();
      if (!turn || !next) return;
      const [asker, share] = turn;
      this.shares.delete(asker);
      this.shares.set(asker, share);
      this.running += 1;
      share.running += 1;
      next();
    }
  }

  private mayRun({ running, waiting }: Share): boolean {
    return waiting.length > 0 && running < this.limits.share.atOnce;
  }
}
