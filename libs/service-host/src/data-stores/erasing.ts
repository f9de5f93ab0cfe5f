/** @promise P10, P31 a service's part of an erasure, step by step; each may be repeated */
import type { Database } from '@vouchsafe/database';
import { follow, type Follower } from '@vouchsafe/event-store';
import { HeldError, withoutAsking } from './destroying.js';
import {
  type Erasure,
  type InHand,
  erasureInHand,
  noteHeld,
  noteNotHeld,
  renewLease,
  takeDue,
  takeOn,
} from './erasure.js';
import { eraseOrganization } from './erase-organization.js';
import { erasePerson, recallPerson } from './erase-person.js';
import type { ErasingOptions } from './procedure.js';
import { recallHolds } from './recall-holds.js';
import {
  assertNoneIsMissing,
  erasureOf,
  isCarriedOut,
  tombstoneOf,
  wentWithOrganization,
} from './tombstones.js';

/**
 * One service's part of erasures (P10, P31), step by step; an erasure continues where a killed process left it. A receipt is given when
 * no process can hold an opened key any more.
 */
export function startErasing(options: ErasingOptions): Follower {
  const { database, now, onError } = options;
  const step = async (): Promise<number> => {
    const erasure = await database.asWorker((sql) => takeDue(sql, now()));
    if (!erasure) return 0;
    const stopRenewing = keepLease(options, erasure, erasure.leasedUntil);
    try {
      await carryOn(options, erasure);
    } catch (error) {
      // A hold is no failure: it is shown, and its release makes the erasure due.
      if (error instanceof HeldError)
        await noteHeld(database, erasure.erasureId, { because: 'legal-hold', holdIds: error.holdIds });
      else onError(error);
      await putOff(database, erasure, new Date(now().getTime() + pauseAfter(erasure.attempts)));
    } finally {
      stopRenewing();
    }
    return 1;
  };
  return follow(step, { idle: 500, retry: 1000, onError });
}

/** A step may take minutes, and no other instance repeats it meanwhile. @returns what ends it */
function keepLease(
  { database, now, onError, renewEvery = 5_000 }: ErasingOptions,
  erasure: Erasure,
  since: Date,
): () => void {
  let leasedUntil = since;
  let isRenewing = false;
  const renew = async () => {
    if (isRenewing) return;
    isRenewing = true;
    try {
      const next = await database.asWorker((sql) => renewLease(sql, erasure, leasedUntil, now()));
      if (next) leasedUntil = next;
      else clearInterval(timer);
    } finally {
      isRenewing = false;
    }
  };
  const timer = setInterval(() => void renew().catch(onError), renewEvery);
  return () => clearInterval(timer);
}

/**
 * Before a service answers requests: takes on the holds of the file, then carries out every erasure that the file has and the database does
 * not know. So who was erased is erased again from a database that was restored from a backup, by whatever means, and what is held stays.
 */
export async function applyTombstones(erasing: ErasingOptions): Promise<void> {
  // Somebody else who does not answer stops no start: the worker asks again, before the receipt.
  const options = { ...erasing, notRemovedYet: erasing.onError };
  const { database, tombstones } = options;
  const ledger = await tombstones.read();
  await assertNoneIsMissing(database, ledger);
  await recallHolds(database, ledger);
  for (const erasure of ledger.tombstones.map(erasureOf))
    if (!(await wentWithOrganization(database, erasure)))
      await recall({ ...options, destroying: withoutAsking }, erasure);
  // These may have been cut off before anything was destroyed, and held since then.
  for (const tombstone of ledger.intended) await recall(options, erasureOf(tombstone));
}

async function recall(options: ErasingOptions, erasure: Erasure): Promise<void> {
  const { database } = options;
  if (await isCarriedOut(database, erasure)) return;
  if (erasure.of === 'person') await recallPerson(options, erasure);
  await database.asWorker((sql) => takeOn(sql, erasure));
  try {
    await carryOut('destroy', options, erasure);
    await noteCarriedOut(options, erasure);
    await carryOut('remove', options, erasure);
  } catch (error) {
    if (!(error instanceof HeldError)) throw error;
    await noteHeld(database, erasure.erasureId, { because: 'legal-hold', holdIds: error.holdIds });
  }
}

async function carryOn(options: ErasingOptions, erasure: InHand): Promise<void> {
  const { database, now } = options;
  if (!erasure.destroyedAt) await carryOut('destroy', options, erasure);
  await noteCarriedOut(options, erasure);
  await carryOut('remove', options, erasure);
  await noteNotHeld(database, erasure.erasureId);
  const { effectiveFrom } = await known(database, erasure.erasureId);
  if (!effectiveFrom) throw new Error(`Erasure ${erasure.erasureId} has no effective time`);
  if (now() < effectiveFrom) await putOff(database, erasure, effectiveFrom);
  else await carryOut('complete', options, erasure);
}

/** From here on a restore repeats it whatever is held. */
async function noteCarriedOut({ tombstones }: ErasingOptions, erasure: Erasure): Promise<void> {
  const ledger = await tombstones.read();
  if (ledger.tombstones.some(({ erasureId }) => erasureId === erasure.erasureId)) return;
  await tombstones.append([tombstoneOf(erasure)]);
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
