import { inlineProjection } from '@vouchsafe/event-store';
import type { BillingEvent } from './billing.events.js';

/** The table `billing`, in the transaction that appends. */
export const billingProjection = inlineProjection<BillingEvent>({
  name: 'billing',
  on: {
    'billing-created': async (sql, { data, envelope }) => {
      await sql.query('insert into billing (billing_id, organization_id, created_at) values ($1, $2, $3)', [
        data.billingId,
        data.organizationId,
        envelope.occurredAt,
      ]);
    },
    'billing-retired': async (sql, { data, envelope }) => {
      await sql.query('update billing set retired_at = $2 where billing_id = $1', [
        data.billingId,
        envelope.occurredAt,
      ]);
    },
  },
});
