/** An opened key is held this long at most (event-core.md), so an erasure elsewhere has taken effect everywhere by then. */
export const KEY_CACHE_MILLISECONDS = 60_000;

/** The most recently used entries, each for 60 s at most by the given clock. */
export class KeyCache<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly heldSince: number }>();

  constructor(
    private readonly size: number,
    private readonly now: () => Date,
  ) {}

  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    const age = this.now().getTime() - entry.heldSince;
    if (age < 0 || age >= KEY_CACHE_MILLISECONDS) return undefined;
    this.entries.set(key, entry); // A Map keeps the order of insertion: the first is the least recently used.
    return entry.value;
  }

  set(key: string, value: Value, heldSince: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, heldSince });
    if (this.entries.size <= this.size) return;
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.entries.delete(oldest);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
