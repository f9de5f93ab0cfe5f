import type { Sql } from '@vouchsafe/database';
import type { UnitOfWork } from '@vouchsafe/event-store';
import type { Erasure } from './erasure.js';
import type { ErasingOptions } from './procedure.js';

/** The keys are gone; as `retention`. */
export async function noteDestruction(
  sql: Sql,
  erasureId: string,
  at: Date,
  effectiveFrom: Date,
): Promise<void> {
  await sql.query('update erasure set destroyed_at = $2, effective_from = $3 where erasure_id = $1', [
    erasureId,
    at,
    effectiveFrom,
  ]);
}

/** The work is done, and the receipt is given, in one transaction. */
export async function noteReceipt(
  { database, store }: ErasingOptions,
  { erasureId, organizationId }: Erasure,
  at: Date,
  give: (unit: UnitOfWork) => Promise<unknown>,
): Promise<void> {
  await database.asWorker(async (transaction) => {
    await transaction.query('update erasure set receipt_at = $2 where erasure_id = $1', [erasureId, at]);
    const actor = { type: 'service', id: database.service } as const;
    await give(store.unit(transaction, organizationId, { actor, occurredAt: at, requestId: null }));
  });
}
