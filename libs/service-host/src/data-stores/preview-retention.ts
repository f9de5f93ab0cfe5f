/** @promise P04 what a retention policy would remove of an organization in one service, before it does */
import { retentionPolicyIds } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { z } from 'zod';
import type { DataStore } from './data-store.js';
import { holdsCovering } from './holds.js';

export const retentionQuestion = z.strictObject({
  organizationId: z.uuid(),
  policyId: z.enum(retentionPolicyIds),
  at: z.iso.datetime(),
  months: z.int().positive().nullable(),
});
export type RetentionQuestion = z.output<typeof retentionQuestion>;

const expiringStore = z.strictObject({
  store: z.string(),
  records: z.int().nonnegative(),
  /** Whether a legal hold stops their removal. */
  isHeld: z.boolean(),
});
export type ExpiringStore = z.output<typeof expiringStore>;
export const expiringStores = z.strictObject({ stores: z.array(expiringStore) });

/** The stores that count what the policy would remove. Changes nothing. */
export async function previewRetention(
  { database, stores }: { readonly database: Database; readonly stores: readonly DataStore[] },
  { organizationId, policyId, at, months }: RetentionQuestion,
): Promise<ExpiringStore[]> {
  const found: ExpiringStore[] = [];
  for (const { name, expiring } of stores) {
    if (expiring?.policy !== policyId) continue;
    const records = await expiring.count(organizationId, { at: new Date(at), months });
    const holds = await database.asWorker((sql) => holdsCovering(sql, { organizations: [organizationId] }));
    found.push({ store: name, records, isHeld: holds.length > 0 });
  }
  return found;
}
