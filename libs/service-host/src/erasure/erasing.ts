/** @promise P10 (main) a service's part of an erasure, step by step: tombstone, keys, what no key covers, receipt */
import type { Database } from '@vouchsafe/database';
import type { ErasureReceipt } from '@vouchsafe/contracts';
import type { EventCatalog } from '@vouchsafe/event-sourcing';
import { type EventStore, follow, type Follower, hasValuesInClear } from '@vouchsafe/event-store';
import { unreadableDeadLetters } from '@vouchsafe/messaging';
import type { OutsideTombstones, Tombstone, Vault } from '@vouchsafe/vault';
import {
  carriedOutErasures,
  type Erasure,
  type ErasureInHand,
  erasureInHand,
  type PersonRemoval,
  type HeldBecause,
  takeDue,
  takeOn,
} from './erasure.js';
import { receiptAggregate } from './receipt.js';

export interface ErasingOptions {
  readonly database: Database;
  readonly vault: Vault;
  readonly store: EventStore;
  /** Of every event that the service stores. */
  readonly catalogs: readonly EventCatalog[];
  readonly tombstones: OutsideTombstones;
  readonly removal: PersonRemoval;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}

/**
 * One service's part of erasures (P10), step by step; each step is durable before the next and may be repeated, so that an erasure
 * continues where a killed process left it: the tombstone in its file, the keys, what no key covers, and, when no process can hold
 * an opened key any more, the receipt.
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
 * the person is erased again from a database that was restored from a backup, by whatever means.
 */
export async function applyTombstones(options: ErasingOptions): Promise<void> {
  const { database, tombstones, removal } = options;
  const remembered = await tombstones.all();
  const carriedOut = await database.asWorker((sql) => carriedOutErasures(sql));
  assertNoneIsMissing(remembered, carriedOut);
  for (const { requestedAt, ...tombstone } of remembered) {
    const erasure = { ...tombstone, requestedAt: new Date(requestedAt) };
    if (carriedOut.has(erasure.erasureId)) continue;
    await removal.recall?.(erasure);
    await database.asWorker((sql) => takeOn(sql, erasure));
    await destroy(options, erasure);
    await removal.remove(erasure);
  }
}

/** A tombstone is written before the key goes: where one is missing, the file is not the one that belongs to this database. */
function assertNoneIsMissing(remembered: readonly Tombstone[], carriedOut: ReadonlySet<string>): void {
  const known = new Set(remembered.map(({ erasureId }) => erasureId));
  const missing = [...carriedOut].filter((erasureId) => !known.has(erasureId));
  if (missing.length === 0) return;
  throw new Error(
    `VOUCHSAFE_TOMBSTONE_FILE lacks ${missing.length} erasures that were carried out in the database. ` +
      'With the wrong file, people who were erased after a backup would reappear when it is restored: provide the right file.',
  );
}

async function carryOn(options: ErasingOptions, erasure: ErasureInHand): Promise<void> {
  const { database, removal, now } = options;
  const destroyed = erasure.destroyedAt ? erasure : await destroy(options, erasure);
  await removal.remove(erasure);
  const { effectiveFrom } = destroyed;
  if (!effectiveFrom) throw new Error(`Erasure ${erasure.erasureId} has no effective time`);
  if (now() < effectiveFrom) await putOff(database, erasure, effectiveFrom);
  else {
    await assertNothingIsLeft(options, destroyed);
    await giveReceipt(options, destroyed);
  }
}

/** Every key in a transaction of its own: a maker of several keys and this must not wait for each other in a ring. */
async function destroy(options: ErasingOptions, erasure: Erasure): Promise<ErasureInHand> {
  const { database, vault, tombstones, removal, now } = options;
  const { erasureId, organizationId, userId, organizations, subjects, requestedAt } = erasure;
  await removal.beforeKeys?.(erasure);
  await tombstones.append([
    {
      erasureId,
      organizationId,
      userId,
      organizations: [...organizations],
      subjects: [...subjects],
      requestedAt: requestedAt.toISOString(),
    },
  ]);
  let effectiveFrom = now();
  for (const scope of organizations.flatMap((id) =>
    subjects.map((subjectId) => ({ organizationId: id, subjectId })),
  )) {
    await database.asRetention(async (sql) => {
      const destruction = await vault.destroySubject(sql, scope, now());
      effectiveFrom = destruction.effectiveFrom;
      await sql.query('update erasure set keys_destroyed = keys_destroyed + $2 where erasure_id = $1', [
        erasureId,
        destruction.keysDestroyed,
      ]);
    });
  }
  return database.asRetention(async (sql) => {
    await sql.query('update erasure set destroyed_at = $2, effective_from = $3 where erasure_id = $1', [
      erasureId,
      now(),
      effectiveFrom,
    ]);
    const destroyed = await erasureInHand(sql, erasureId);
    if (!destroyed) throw new Error(`Erasure ${erasureId} is not in progress`);
    return destroyed;
  });
}

/**
 * Two things may be left of a person when the keys are gone, and no receipt is given until they are dealt with: a dead letter that
 * matches no contract (replay or discard it), and a value stored before its field was marked (`npm run keys -- seal-marked`).
 */
async function assertNothingIsLeft(
  { database, catalogs }: ErasingOptions,
  { erasureId, organizations, subjects }: ErasureInHand,
): Promise<void> {
  const held = await database.asWorker(async (sql): Promise<HeldBecause | null> => {
    if ((await unreadableDeadLetters(sql, organizations)) > 0) return 'unreadable-messages';
    return (await hasValuesInClear(sql, catalogs, organizations, subjects)) ? 'values-in-clear' : null;
  });
  await database.asWorker((sql) =>
    sql.query('update erasure set held_because = $2 where erasure_id = $1', [erasureId, held]),
  );
  if (held) throw new Error(`An erasure cannot be completed: ${heldUp[held]}`);
}

const heldUp: Readonly<Record<HeldBecause, string>> = {
  'unreadable-messages':
    'dead letters that match no contract may be about the erased person (npm run dead-letters)',
  'values-in-clear':
    'events from before their fields were marked personal hold unencrypted values (npm run keys -- seal-marked)',
};

async function giveReceipt(
  { database, store, removal, now }: ErasingOptions,
  erasure: ErasureInHand,
): Promise<void> {
  const { erasureId, organizationId, userId, keysDestroyed, destroyedAt, effectiveFrom } = erasure;
  if (!destroyedAt || !effectiveFrom)
    throw new Error('No receipt can be given before the keys are destroyed');
  const retained = (await removal.retained?.(erasure)) ?? [];
  const at = now();
  await database.asWorker(async (transaction) => {
    await transaction.query('update erasure set receipt_at = $2 where erasure_id = $1', [erasureId, at]);
    const envelope = {
      actor: { type: 'service', id: database.service },
      occurredAt: at,
      requestId: null,
    } as const;
    await store.unit(transaction, organizationId, envelope).execute(receiptAggregate, erasureId, {
      organizationId: organizationId as ErasureReceipt['organizationId'],
      userId: userId as ErasureReceipt['userId'],
      erasureId,
      keysDestroyed,
      destroyedAt: destroyedAt.toISOString(),
      effectiveFrom: effectiveFrom.toISOString(),
      ...(retained.length > 0 && { retained: [...retained] }),
    });
  });
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
