/** @promise P10 (main) how a service erases a person: holds, tombstone, keys, what no key covers, receipt */
import type { ErasureReceipt, Retained } from '@vouchsafe/contracts';
import { hasValuesInClear } from '@vouchsafe/event-store';
import { unreadableDeadLetters } from '@vouchsafe/messaging';
import { personRemovals } from './data-store.js';
import { askingHolds } from './destroying.js';
import { type HeldBecause, type InHand, noteHeld, type PersonErasure } from './erasure.js';
import { type ErasingOptions, type Procedure, putOff } from './procedure.js';
import type { Destruction } from './holds.js';
import { noteDestruction, noteReceipt } from './notes.js';
import { personReceipt } from './receipt.js';
import { tombstoneOf } from './tombstones.js';

/** In a restored database, before anything else: the person is erased for the rest of the service, too. */
export async function recallPerson({ stores }: ErasingOptions, erasure: PersonErasure): Promise<void> {
  for (const removal of personRemovals(stores)) await removal.recall?.(erasure);
}

export function erasePerson(options: ErasingOptions): Procedure<PersonErasure> {
  const { database, tombstones, now } = options;
  const destroy = options.destroying ?? askingHolds;
  const removals = personRemovals(options.stores);
  return {
    destroy: async (erasure) => {
      const theirs = destroy(database, dataOf(erasure));
      await theirs.outside(() => tombstones.append([{ intended: tombstoneOf(erasure) }]));
      for (const removal of removals) await removal.beforeKeys?.(erasure, theirs);
      await destroyKeys(options, erasure);
    },
    remove: async (erasure) => {
      for (const removal of removals)
        await removal
          .remove(erasure, destroy(database, dataOf(erasure)))
          .catch((error: unknown) => putOff(options, error));
    },
    complete: async (erasure) => {
      await assertNothingIsLeft(options, erasure);
      const { erasureId, organizationId, userId, keysDestroyed, destroyedAt, effectiveFrom } = erasure;
      if (!destroyedAt || !effectiveFrom)
        throw new Error('No receipt can be given before the keys are destroyed');
      const retained: Retained[] = [];
      for (const removal of removals) retained.push(...((await removal.retained?.(erasure)) ?? []));
      await noteReceipt(options, erasure, now(), (unit) =>
        unit.execute(personReceipt, erasureId, {
          organizationId: organizationId as ErasureReceipt['organizationId'],
          userId: userId as ErasureReceipt['userId'],
          erasureId,
          keysDestroyed,
          destroyedAt: destroyedAt.toISOString(),
          effectiveFrom: effectiveFrom.toISOString(),
          ...(retained.length > 0 && { retained }),
        }),
      );
    },
  };
}

function dataOf({ organizations, userId, subjects }: PersonErasure): Destruction {
  return { organizations, subjects: [userId, ...subjects] };
}

/** Every key in a transaction of its own: a maker of several keys and this must not wait for each other in a ring. */
async function destroyKeys(options: ErasingOptions, erasure: InHand<PersonErasure>): Promise<void> {
  const { database, vault, now } = options;
  const { erasureId, organizations, subjects } = erasure;
  const destroy = options.destroying ?? askingHolds;
  let effectiveFrom = now();
  for (const organizationId of organizations)
    for (const subjectId of subjects)
      await destroy(
        database,
        dataOf(erasure),
      )(async (sql) => {
        const destruction = await vault.destroySubject(sql, { organizationId, subjectId }, now());
        effectiveFrom = destruction.effectiveFrom;
        await sql.query('update erasure set keys_destroyed = keys_destroyed + $2 where erasure_id = $1', [
          erasureId,
          destruction.keysDestroyed,
        ]);
      });
  await database.asRetention((sql) => noteDestruction(sql, erasureId, now(), effectiveFrom));
}

type Left = Exclude<HeldBecause, 'legal-hold'>;

/**
 * Two things may be left of a person when the keys are gone, and no receipt is given until they are dealt with: a dead letter that
 * matches no contract (replay or discard it), and a value stored before its field was marked (`npm run keys -- seal-marked`).
 */
async function assertNothingIsLeft(
  { database, catalogs }: ErasingOptions,
  { erasureId, organizations, subjects }: InHand<PersonErasure>,
): Promise<void> {
  const held = await database.asWorker(async (sql): Promise<Left | null> => {
    if ((await unreadableDeadLetters(sql, organizations)) > 0) return 'unreadable-messages';
    return (await hasValuesInClear(sql, catalogs, organizations, subjects)) ? 'values-in-clear' : null;
  });
  await noteHeld(database, erasureId, held && { because: held });
  if (held) throw new Error(`An erasure cannot be completed: ${heldUp[held]}`);
}

const heldUp: Readonly<Record<Left, string>> = {
  'unreadable-messages':
    'dead letters that match no contract may be about the erased person (npm run dead-letters)',
  'values-in-clear':
    'events from before their fields were marked personal hold unencrypted values (npm run keys -- seal-marked)',
};
