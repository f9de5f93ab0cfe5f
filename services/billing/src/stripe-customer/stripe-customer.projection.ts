import { inlineProjection } from '@vouchsafe/event-store';
import { StripeCustomerRow } from './stripe-customer.entity.js';
import type { StripeCustomerEvent } from './stripe-customer.events.js';

/** The register, in the transaction that appends. */
export const stripeCustomerProjection = inlineProjection<StripeCustomerEvent>({
  name: 'stripe-customer',
  on: {
    'stripe-customer-observed': async (transaction, { data }) => {
      const { organizationId, customerId, content, fetchedAt } = data;
      const entityManager = await transaction.entityManager();
      await entityManager.upsert(StripeCustomerRow, {
        organizationId,
        customerId,
        ...content,
        observedAt: fetchedAt,
      });
    },
  },
});
