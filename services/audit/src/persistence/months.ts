import type { Database } from '@vouchsafe/database';
import { follow, type Follower } from '@vouchsafe/event-store';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Makes the partitions of this month and of the one that comes, a week and more before its first entry: making one takes a lock that
 * waits for every open read, and all others wait behind it. So it gives up after a moment and tries again.
 */
export function keepMonthsAhead(
  database: Database,
  now: () => Date,
  onError: (error: unknown) => void,
): Follower {
  const ahead = async (): Promise<number> => {
    const today = now();
    for (const days of [0, 10, 31]) {
      await database.asWorker(async (sql) => {
        await sql.query(`set local lock_timeout = '500ms'`);
        await sql.query('select ensure_entry_month($1)', [
          new Date(today.getTime() + days * DAY_MS).toISOString(),
        ]);
      });
    }
    return 0;
  };
  return follow(ahead, { idle: HOUR_MS, retry: 10_000, onError });
}
