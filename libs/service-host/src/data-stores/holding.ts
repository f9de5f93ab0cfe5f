/** @promise P31 a hold is confirmed when nothing can be destroyed any more that it covers, and it stands outside of the database */
import type { Database } from '@vouchsafe/database';
import { type EventStore, follow, type Follower } from '@vouchsafe/event-store';
import type { OutsideTombstones } from '@vouchsafe/vault';
import { passAllDestroying } from './destroying.js';
import { holdConfirmationAggregate } from './hold-confirmation.js';
import { type OpenHold, openHolds } from './holds.js';

export interface HoldingOptions {
  readonly database: Database;
  readonly store: EventStore;
  readonly tombstones: OutsideTombstones;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  /** A hold has ended: what it stopped is due. */
  readonly onReleased: () => void;
}

/** Carries out holds and their releases; every step may be repeated. */
export function startHolding(options: HoldingOptions): Follower {
  const { database, onError } = options;
  const step = async (): Promise<number> => {
    let done = 0;
    // One that waits for a destruction, or fails, delays no other organization's.
    for (const hold of await database.asWorker(openHolds)) {
      const carriedOut = hold.step === 'placed' ? place(options, hold) : release(options, hold);
      const isDone = await carriedOut.catch((error: unknown) => {
        onError(error);
        return false;
      });
      if (isDone) done += 1;
    }
    return done;
  };
  return follow(step, { idle: 1000, retry: 1000, onError });
}

/** @returns whether it is done; else something is being destroyed at this moment */
async function place(options: HoldingOptions, hold: OpenHold): Promise<boolean> {
  const { database, tombstones, now } = options;
  if (!(await passAllDestroying(database, hold.heldOrganizationId))) return false;
  await tombstones.append([{ hold: recorded(hold) }]);
  await confirm(options, hold, 'update hold set confirmed_at = $2 where hold_id = $1', now());
  return true;
}

async function release(options: HoldingOptions, hold: OpenHold): Promise<boolean> {
  const { tombstones, now, onReleased } = options;
  await tombstones.append([{ released: { holdId: hold.holdId } }]);
  await confirm(options, hold, RELEASED, now());
  onReleased();
  return true;
}

/** What no other hold stops is due. */
const RELEASED = `with ended as (update hold set released_at = $2 where hold_id = $1 returning hold_id)
  update erasure set due_at = least(due_at, $2), attempts = 0,
    held_by = nullif(array_remove(held_by, hold_id), '{}'),
    held_because = case when held_by = array[hold_id] then null else held_because end
  from ended where receipt_at is null and hold_id = any (held_by)`;

async function confirm(
  { database, store }: HoldingOptions,
  { holdId, organizationId, heldOrganizationId, step }: OpenHold,
  statement: string,
  at: Date,
): Promise<void> {
  await database.asWorker(async (transaction) => {
    await transaction.query(statement, [holdId, at]);
    const actor = { type: 'service', id: database.service } as const;
    await store
      .unit(transaction, organizationId, { actor, occurredAt: at, requestId: null })
      .execute(holdConfirmationAggregate, holdId, {
        organizationId: organizationId as never,
        heldOrganizationId: heldOrganizationId as never,
        ...{ holdId, step, confirmedAt: at.toISOString() },
      });
  });
}

function recorded({ holdId, organizationId, heldOrganizationId, scope, placedAt }: OpenHold) {
  return { holdId, organizationId, heldOrganizationId, scope, placedAt: placedAt.toISOString() };
}
