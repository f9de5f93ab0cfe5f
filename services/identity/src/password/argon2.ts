/** @promise P07 (main) hashes passwords by argon2id, a bounded number at a time */
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { problem } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';

/** Cost of one hash; OWASP's floor for argon2id is m = 19 MiB, t = 2, p = 1 (ASVS 11.4.2). */
export interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
}

const floor: Argon2Cost = { memoryKib: 19_456, passes: 2 };

/** Hashes that may wait for one slot; at some 50 ms each, more would make people wait too long. */
const MOST_WAITING = 100;

/** What hashes passwords, and the token that it is injected by. */
export abstract class PasswordHasher {
  /** @returns a PHC string: `$argon2id$v=19$m=...,t=...,p=1$salt$hash` */
  abstract readonly hash: (password: Secret) => Promise<string>;
  /**
   * Takes the same time whether or not there is a hash: `null` (no such account) is checked against a hash of nobody's
   * password by the same code (ASVS 6.3.8).
   */
  abstract readonly verify: (stored: string | null, password: Secret) => Promise<boolean>;
  /** The parameters rose since: hash again at the next log-in. */
  abstract readonly isOutdated: (stored: string) => boolean;
}

/**
 * Argon2id, a bounded number at once: hashing runs on libuv's few threads and each takes 19 MiB, so that a flood of
 * log-ins waits in line instead of starving the process (P07).
 */
export async function passwordHasher(cost: Argon2Cost = floor, atOnce = 2): Promise<PasswordHasher> {
  if (cost.memoryKib < floor.memoryKib || cost.passes < floor.passes) {
    throw new Error(`Argon2id needs at least m=${floor.memoryKib} KiB and t=${floor.passes}`);
  }
  const slots = semaphore(atOnce, atOnce * MOST_WAITING);
  const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
    slots(work).catch((error: unknown) => {
      throw error instanceof TooManyWaitingError ? problem('unavailable', { cause: error }) : error;
    });
  const options = { memoryCost: cost.memoryKib, timeCost: cost.passes, parallelism: 1 };
  const nobodys = await hash(crypto.getRandomValues(new Uint8Array(32)), options);
  return {
    hash: (password) => inTurn(() => hash(password.reveal(), options)),
    verify: async (stored, password) => {
      const matches = await inTurn(() => verify(stored ?? nobodys, password.reveal()));
      return matches && stored !== null;
    },
    isOutdated: (stored) => {
      const { memoryCost, timeCost } = parseOptions(stored);
      return memoryCost < cost.memoryKib || timeCost < cost.passes;
    },
  };
}

/** More hashes are waiting than can be computed in a reasonable time. */
class TooManyWaitingError extends Error {
  override readonly name = 'TooManyWaitingError';
}

/**
 * Runs at most `slots` pieces of work at once; the others wait in the order in which they came, `mostWaiting` of them at
 * most.
 * @throws TooManyWaitingError instead of waiting behind so many
 */
export function semaphore(slots: number, mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = slots;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0 && waiting.length >= mostWaiting)
      throw new TooManyWaitingError('Too many passwords are waiting to be hashed');
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      // A slot is handed over, not released, so that no later caller gets it first.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
