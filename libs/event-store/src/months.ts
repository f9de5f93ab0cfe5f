import type { Database } from '@vouchsafe/database';
import { follow, type Follower } from './follower.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface MonthsAhead {
  readonly database: Database;
  /** Function of the database that makes the partitions of the month of a `timestamptz`, where they are missing. */
  readonly ensure: string;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}

/**
 * Makes the partitions of this month and of the one that comes, a week and more before its first row: making one takes a lock that
 * waits for every open read, and all others wait behind it. So it gives up after a moment and tries again.
 */
export function keepMonthsAhead(options: MonthsAhead): Follower {
  const { onError } = options;
  return follow(() => makeMonthsAhead(options).then(() => 0), { idle: HOUR_MS, retry: 10_000, onError });
}

/** Once, for a service that must not write before its month is there. */
export async function makeMonthsAhead({ database, ensure, now }: MonthsAhead): Promise<void> {
  const today = now();
  // Each on its own: a month that cannot be made must not keep the next one from being made in time.
  const failures: unknown[] = [];
  for (const days of [0, 10, 31]) {
    await database
      .asWorker(async (sql) => {
        await sql.query(`set local lock_timeout = '500ms'`);
        await sql.query(`select ${ensure}($1)`, [new Date(today.getTime() + days * DAY_MS).toISOString()]);
      })
      .catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
