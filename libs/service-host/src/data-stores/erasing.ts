/** @promise P10, P31 a service's part of an erasure, step by step; each may be repeated */
import type { Database } from '@vouchsafe/database';
import { follow, type Follower } from '@vouchsafe/event-store';
import { type Erasure, type InHand, erasureInHand, takeDue, takeOn } from './erasure.js';
import { eraseOrganization } from './erase-organization.js';
import { erasePerson, recallPerson } from './erase-person.js';
import type { ErasingOptions } from './procedure.js';
import { assertNoneIsMissing, erasureOf, isCarriedOut } from './tombstones.js';

/**
 * One service's part of erasures (P10, P31), step by step; an erasure continues where a killed process left it. A receipt is given when
 * no process can hold an opened key any more.
 */
export function startErasing(options: ErasingOptions): Follower {
  const { database, now, onError } = options;
  const step = async (): Promise<number> => {
    const erasure = await database.asWorker((sql) => takeDue(sql, now()));
    if (!erasure) return 0;
    try {
      await carryOn(options, erasure);
    } catch (error) {
      onError(error);
      await putOff(database, erasure, new Date(now().getTime() + pauseAfter(erasure.attempts)));
    }
    return 1;
  };
  return follow(step, { idle: 500, retry: 1000, onError });
}

/**
 * Before a service answers requests: carries out every erasure that the file of tombstones has and the database does not know. So
 * who was erased is erased again from a database that was restored from a backup, by whatever means.
 */
export async function applyTombstones(options: ErasingOptions): Promise<void> {
  const { database, tombstones } = options;
  const remembered = await tombstones.all();
  await assertNoneIsMissing(database, remembered);
  for (const tombstone of remembered) {
    const erasure = erasureOf(tombstone);
    if (await isCarriedOut(database, erasure)) continue;
    if (erasure.of === 'person') await recallPerson(options, erasure);
    await database.asWorker((sql) => takeOn(sql, erasure));
    await carryOut('destroy', options, erasure);
    await carryOut('remove', options, erasure);
  }
}

async function carryOn(options: ErasingOptions, erasure: InHand): Promise<void> {
  const { database, now } = options;
  if (!erasure.destroyedAt) await carryOut('destroy', options, erasure);
  await carryOut('remove', options, erasure);
  const { effectiveFrom } = await known(database, erasure.erasureId);
  if (!effectiveFrom) throw new Error(`Erasure ${erasure.erasureId} has no effective time`);
  if (now() < effectiveFrom) await putOff(database, erasure, effectiveFrom);
  else await carryOut('complete', options, erasure);
}

/** A step, with the erasure as it stands then. */
async function carryOut(
  step: 'destroy' | 'remove' | 'complete',
  options: ErasingOptions,
  { erasureId }: Erasure,
): Promise<void> {
  const erasure = await known(options.database, erasureId);
  return erasure.of === 'person'
    ? erasePerson(options)[step](erasure)
    : eraseOrganization(options)[step](erasure);
}

async function known(database: Database, erasureId: string): Promise<InHand> {
  const inHand = await database.asWorker((sql) => erasureInHand(sql, erasureId));
  if (!inHand) throw new Error(`Erasure ${erasureId} is not in progress`);
  return inHand;
}

async function putOff(database: Database, { erasureId }: Erasure, until: Date): Promise<void> {
  await database.asWorker((sql) =>
    sql.query('update erasure set due_at = $2 where erasure_id = $1', [erasureId, until]),
  );
}

/** Milliseconds to the next try: 1 s, doubled, five minutes at most; it is never given up. */
function pauseAfter(attempts: number): number {
  return Math.min(1000 * 2 ** Math.min(attempts - 1, 20), 300_000);
}
