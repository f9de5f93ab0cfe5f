import { aggregate, inlineProjection } from '@vouchsafe/event-store';
import { stripeKey } from './stripe-key.decider.js';
import { StripeKeyRow } from './stripe-key.entity.js';
import { type StripeKeyEvent, stripeKeyEvents } from './stripe-key.events.js';

/** The row itself is written where the key is set: the key stands in no event. */
const stripeKeyProjection = inlineProjection<StripeKeyEvent>({
  name: 'stripe-key',
  on: {
    'stripe-key-removed': async (transaction, { data }) => {
      const entityManager = await transaction.entityManager();
      await entityManager.nativeDelete(StripeKeyRow, { organizationId: data.organizationId });
    },
  },
});

export const stripeKeyAggregate = aggregate({
  category: 'stripe-key',
  catalog: stripeKeyEvents,
  decider: stripeKey,
  inline: [stripeKeyProjection],
});
