/** An opened key is held this long at most (docs/vault.md, 'Keys'), so an erasure elsewhere has taken effect everywhere by then. */
export const KEY_CACHE_MILLISECONDS = 60_000;

/** How much a process holds open, and how long. */
export interface CacheLimits {
  readonly size: number;
  readonly milliseconds: number;
}

/** The most recently used entries, each for so long at most by the given clock. */
export class KeyCache<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly heldSince: number }>();

  constructor(
    private readonly limits: CacheLimits,
    private readonly now: () => Date,
  ) {}

  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    const age = this.now().getTime() - entry.heldSince;
    if (age < 0 || age >= this.limits.milliseconds) return undefined;
    this.entries.set(key, entry); // A Map keeps the order of insertion: the first is the least recently used.
    return entry.value;
  }

  set(key: string, value: Value, heldSince: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, heldSince });
    if (this.entries.size <= this.limits.size) return;
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.entries.delete(oldest);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  deleteWhere(matches: (key: string) => boolean): void {
    for (const key of this.entries.keys()) if (matches(key)) this.entries.delete(key);
  }
}
