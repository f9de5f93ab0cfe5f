import type { Transaction } from '@vouchsafe/database';
import type { Measure } from './publication.js';

/** In the transaction in which it happens. The row waits for a full group; it goes with the data of `organizationId`. */
export async function noteUncounted(
  sql: Transaction,
  measure: Measure,
  { countedAs, organizationId, at }: NotedOrganization,
): Promise<void> {
  await sql.query(
    `insert into uncounted_organization (measure, counted_as, organization_id, noted_at) values ($1, $2, $3, $4)
     on conflict do nothing`,
    [measure, countedAs ?? organizationId, organizationId, at],
  );
}

interface NotedOrganization {
  readonly organizationId: string;
  /** Where something else stands for the organization, because it is no longer there. */
  readonly countedAs?: string;
  readonly at: Date;
}
