import { z } from 'zod';

/**
 * What goes wrong with requests to the API: `lost` carries the request out and drops the connection instead of answering, `half` cuts the
 * answer off, `away` drops the connection before anything is done, `slow` waits; a number is a status that is answered in place of
 * carrying it out.
 */
const fault = z.strictObject({
  kind: z.union([
    z.enum(['lost', 'half', 'away', 'slow']),
    z.union([z.literal(429), z.literal(500), z.literal(502), z.literal(503)]),
  ]),
  /** For so many requests; without it, until the faults are replaced. */
  times: z.int().min(1).optional(),
  /** Only for requests that change something, or of this method, or whose path begins so. */
  writes: z.boolean().optional(),
  method: z.string().optional(),
  path: z.string().optional(),
  /** Of `slow`. */
  milliseconds: z.int().min(0).max(120_000).default(1_000),
  /** Seconds, of 429. */
  retryAfter: z.int().min(0).default(1),
});
export type Fault = z.output<typeof fault>;
export const faultsRequest = z.strictObject({ faults: z.array(fault) });

export class Faults {
  private active: { readonly fault: Fault; left: number }[] = [];

  replace(faults: readonly Fault[]): void {
    this.active = faults.map((one) => ({ fault: one, left: one.times ?? Infinity }));
  }

  all(): Fault[] {
    return this.active.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault));
  }

  /** What goes wrong with a request, if anything; counted. */
  take(method: string, path: string): Fault | undefined {
    const found = this.active.find(({ fault }) => isMeant(fault, method, path));
    if (!found) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.active = this.active.filter((one) => one !== found);
    return found.fault;
  }
}

function isMeant(fault: Fault, method: string, path: string): boolean {
  if (fault.writes === true && method === 'GET') return false;
  return (fault.method ?? method) === method && path.startsWith(fault.path ?? '/');
}
