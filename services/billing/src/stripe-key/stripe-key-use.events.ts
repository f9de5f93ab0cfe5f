import { stripeReads } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** Stream `stripe-key-use-<id>`, one for each use: uses at the same time do not wait for one another, and the key's own stream stays short. */
export const stripeKeyUseEvents = eventCatalog({
  'stripe-key-used': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, read: z.enum(stripeReads) }),
  },
});
export type StripeKeyUseEvent = EventOf<typeof stripeKeyUseEvents>;
