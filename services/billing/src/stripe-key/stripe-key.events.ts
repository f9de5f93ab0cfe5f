import { eventCatalog, type EventOf, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** Stream `stripe-key-<organization id>`: the organization's own key at Stripe, which itself stands in no event. */
export const stripeKeyEvents = eventCatalog({
  /** For the first time, or in place of another one. */
  'stripe-key-set': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, setBy: userId, lastFour: z.string().length(4) }),
  },
  'stripe-key-removed': { version: 1, visibility: 'published', schema: z.strictObject({ organizationId }) },
});
export type StripeKeyEvent = EventOf<typeof stripeKeyEvents>;
