import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** Stream `purge-check-<organization id>`: what Stripe answered before the organization's data may be deleted. */
export const purgeCheckEvents = eventCatalog({
  'no-live-subscription-found': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, epoch: z.int().positive() }),
  },
});
export type PurgeCheckEvent = EventOf<typeof purgeCheckEvents>;
