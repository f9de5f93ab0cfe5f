import { inlineProjection } from '@vouchsafe/event-store';
import { SubscriptionRow } from './subscription.entity.js';
import type { SubscriptionEvent } from './subscription.events.js';

/** The register, in the transaction that appends. */
export const subscriptionProjection = inlineProjection<SubscriptionEvent>({
  name: 'subscription',
  on: {
    'subscription-observed': async (transaction, { data }) => {
      const { organizationId, subscriptionId, content, fetchedAt } = data;
      const entityManager = await transaction.entityManager();
      await entityManager.upsert(SubscriptionRow, {
        organizationId,
        subscriptionId,
        ...content,
        observedAt: fetchedAt,
      });
    },
  },
});
