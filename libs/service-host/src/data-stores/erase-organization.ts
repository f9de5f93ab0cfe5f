/** @promise P31 (main) how a service erases an organization: holds, tombstone, inventory, every store, keys, a search that finds nothing, receipt */
import type { ErasedStore, OrganizationErasureReceipt, Retained } from '@vouchsafe/contracts';
import { type DataStore, isRemoved } from './data-store.js';
import { askingHolds, HeldError } from './destroying.js';
import type { InHand, OrganizationErasure } from './erasure.js';
import { type ErasingOptions, type Procedure, putOff } from './procedure.js';
import { KEYS } from './library-stores.js';
import { noteDestruction, noteReceipt } from './notes.js';
import { organizationReceipt } from './receipt.js';
import { tombstoneOf } from './tombstones.js';

export function eraseOrganization(options: ErasingOptions): Procedure<OrganizationErasure> {
  const { database, vault, tombstones, now } = options;
  const destroy = options.destroying ?? askingHolds;
  const stores = options.stores.filter(isRemoved);
  const countAll = async (organizationId: string): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const { name, organization } of stores) counts[name] = await organization.count(organizationId);
    return counts;
  };
  const retainedOf = async (organizationId: string): Promise<readonly Retained[]> => {
    const retained: Retained[] = [];
    for (const { organization } of stores)
      retained.push(...((await organization.retained?.(organizationId)) ?? []));
    return retained;
  };
  /** What no hold covers goes; the erasure itself waits. */
  const remove = async ({ erasedOrganizationId }: OrganizationErasure): Promise<void> => {
    const holds = new Set<string>();
    for (const { organization, ...store } of stores) {
      const what = { organizations: [erasedOrganizationId], about: aboutOf(store) };
      try {
        await organization.remove(erasedOrganizationId, destroy(database, what));
      } catch (error) {
        if (error instanceof HeldError) for (const id of error.holdIds) holds.add(id);
        else putOff(options, error);
      }
    }
    if (holds.size > 0) throw new HeldError([...holds]);
  };
  return {
    destroy: async (erasure) => {
      const { erasureId, erasedOrganizationId } = erasure;
      const whole = { organizations: [erasedOrganizationId] };
      // A hold on a part of its data stops the stores that may hold that part; one on all of it, everything.
      const beginning = destroy(database, { ...whole, about: NOTHING });
      await beginning.outside(() => tombstones.append([{ intended: tombstoneOf(erasure) }]));
      // From here on no key is made for it, and no fact about it is taken.
      await beginning((sql) => vault.refuseOrganization(sql, erasedOrganizationId, now()));
      // What is there now: a process that is killed on its way must not count less when it goes on, nor forget what stays elsewhere.
      const inventory = erasure.inventory ?? (await countAll(erasedOrganizationId));
      const retained = erasure.retained ?? (await retainedOf(erasedOrganizationId));
      await database.asWorker((sql) =>
        sql.query('update erasure set inventory = $2, retained = $3 where erasure_id = $1', [
          ...[erasureId, JSON.stringify(inventory), JSON.stringify(retained)],
        ]),
      );
      // Keys go last: until then what is left can still be read by whoever may stop this.
      await remove(erasure);
      await destroy(
        database,
        whole,
      )(async (sql) => {
        const { keysDestroyed, effectiveFrom } = await vault.destroyOrganization(sql, erasedOrganizationId);
        await sql.query('update erasure set keys_destroyed = keys_destroyed + $2 where erasure_id = $1', [
          erasureId,
          keysDestroyed,
        ]);
        await noteDestruction(sql, erasureId, now(), effectiveFrom);
      });
    },
    // Again, for what was written by whoever had begun before the tombstone.
    remove,
    complete: async (erasure) => {
      const left = await countAll(erasure.erasedOrganizationId);
      const found = Object.entries(left).filter(([, count]) => count > 0);
      if (found.length > 0)
        throw new Error(
          `An erasure cannot be completed: ${found.map(([name, count]) => `${count} records in ${name}`).join(', ')}`,
        );
      const receipt = receiptOf(options, erasure);
      await noteReceipt(options, erasure, now(), (unit) =>
        unit.execute(organizationReceipt, erasure.erasureId, receipt),
      );
    },
  };
}

const NOTHING = { people: false, entities: [], times: false } as const;

function aboutOf({ person, about }: Pick<DataStore, 'person' | 'about'>) {
  const people = person !== 'none';
  return { people, entities: about?.entities ?? null, times: about?.times ?? true };
}

function receiptOf(
  { stores }: ErasingOptions,
  erasure: InHand<OrganizationErasure>,
): OrganizationErasureReceipt {
  const { erasureId, organizationId, erasedOrganizationId, keysDestroyed } = erasure;
  const { destroyedAt, effectiveFrom, retained } = erasure;
  if (!destroyedAt || !effectiveFrom)
    throw new Error('No receipt can be given before the keys are destroyed');
  const removed = stores.filter(isRemoved);
  return {
    organizationId: organizationId as OrganizationErasureReceipt['organizationId'],
    erasedOrganizationId: erasedOrganizationId as OrganizationErasureReceipt['organizationId'],
    erasureId,
    stores: removed.map(({ name }): ErasedStore => ({
      store: name,
      found: erasure.inventory?.[name] ?? 0,
      left: 0,
      method: name === KEYS ? 'key-destroyed' : 'deleted',
    })),
    keysDestroyed,
    destroyedAt: destroyedAt.toISOString(),
    effectiveFrom: effectiveFrom.toISOString(),
    kept: stores.flatMap(({ name, organization }) =>
      'kept' in organization ? [{ store: name, because: organization.kept }] : [],
    ),
    ...(retained && retained.length > 0 && { retained: [...retained] }),
  };
}
