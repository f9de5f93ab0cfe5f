/** @promise P10 what the erasure of a person would do in one service, before anybody approves it */
import type { Database } from '@vouchsafe/database';
import { subjectKeys } from '@vouchsafe/vault';
import { z } from 'zod';
import type { DataStore } from './data-store.js';
import type { PersonErasure } from './erasure.js';
import { KEYS } from './library-stores.js';

export const storePreview = z.strictObject({
  store: z.string(),
  action: z.enum(['delete', 'pseudonymize', 'keep']),
  /** Null where they are not counted. */
  records: z.int().nonnegative().nullable(),
  /** More may come by themselves before the erasure. */
  grows: z.boolean(),
  /** Why it stays. */
  ground: z.string().nullable(),
  until: z.iso.date().nullable(),
});
export type StorePreview = z.infer<typeof storePreview>;

/** Store by store, in an order that does not depend on what is there. Changes nothing. */
export async function previewPerson(
  { database, stores }: { readonly database: Database; readonly stores: readonly DataStore[] },
  erasure: PersonErasure,
): Promise<StorePreview[]> {
  const { organizations, subjects } = erasure;
  const keys = await database.asWorker((sql) => subjectKeys(sql, organizations, subjects));
  const previews: StorePreview[] = [
    // A service makes a key with the first value that it seals.
    { store: KEYS, action: 'delete', records: keys, grows: true, ground: null, until: null },
  ];
  for (const store of stores) {
    if (store.person === 'none') continue;
    const records = (await store.recordsOf?.(erasure)) ?? null;
    const isSealed = store.person === 'sealed';
    const { name, grows = false, keptBecause = null } = store;
    previews.push({
      ...{ store: name, action: keptBecause ? 'keep' : isSealed ? 'pseudonymize' : 'delete', records, grows },
      ...{ ground: keptBecause ?? (isSealed ? 'only-sealed-values-are-personal' : null), until: null },
    });
    if (typeof store.person !== 'object') continue;
    for (const { what, ground, until } of (await store.person.retained?.(erasure)) ?? [])
      previews.push({ store: what, action: 'keep', records: null, grows: false, ground, until });
  }
  return previews;
}
