import type { Database } from '@vouchsafe/database';
import { Refusal } from '../../libs/service-host/src/command-line.ts';

/** @throws Refusal where the work is no longer the only one of its kind */
export type StillAlone = () => Promise<void>;

/**
 * Work that changes keys, alone on these databases: two that read and replace one KEK file would lose a key of each other's, and all
 * that it wraps. The locks are Postgres's and go with their connections, so a killed command leaves none behind; one whose connection
 * broke asks again before it replaces the file.
 * @throws Refusal where another one is at work
 */
export async function oneAtATime(
  databases: readonly Database[],
  work: (stillAlone: StillAlone) => Promise<void>,
): Promise<void> {
  const locks = databases.map((database) => database.lock('keys'));
  const stillAlone = async () => {
    // In one order, so that of two commands one has them all.
    for (const lock of locks) {
      if (!(await lock.held()))
        throw new Refusal('Another command is changing these keys. Try again when it has finished.');
    }
  };
  try {
    await stillAlone();
    await work(stillAlone);
  } finally {
    for (const lock of locks) await lock.release();
  }
}
