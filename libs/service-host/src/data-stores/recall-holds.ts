/** @promise P31 a restored database knows what was held since its backup */
import type { Database } from '@vouchsafe/database';
import type { Ledger } from '@vouchsafe/vault';

/** Before anything is destroyed again: holds that a restored database does not know, and releases. */
export async function recallHolds(database: Database, { holds, released }: Ledger): Promise<void> {
  await database.asWorker(async (sql) => {
    for (const { holdId, organizationId, heldOrganizationId, scope, placedAt } of holds)
      // Confirmed: it was, or was about to be, when it was written into the file.
      await sql.query(
        `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at, confirmed_at)
         values ($1, $2, $3, $4, $5, $5) on conflict do nothing`,
        [holdId, organizationId, heldOrganizationId, JSON.stringify(scope), placedAt],
      );
    // The worker ends them, and says so.
    await sql.query(
      'update hold set release_requested_at = clock_timestamp() where hold_id = any ($1::uuid[]) and release_requested_at is null',
      [[...released]],
    );
  });
}
