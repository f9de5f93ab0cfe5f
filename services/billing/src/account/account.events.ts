import { observationSources, stripeId } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const time = z.iso.datetime();
const which = { organizationId, source: z.enum(observationSources) };
const subscription = { ...which, subscriptionId: stripeId('sub') };

/** Stream `account-<organizationId>`: its subscriptions together. */
export const accountEvents = eventCatalog({
  'account-subscription-live': { version: 1, visibility: 'private', schema: z.strictObject(subscription) },
  'account-subscription-ended': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...subscription, endedAt: time }),
  },
  'all-subscriptions-ended': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, endedAt: time }),
  },
  'subscription-resumed': { version: 1, visibility: 'published', schema: z.strictObject(subscription) },
});
export type AccountEvent = EventOf<typeof accountEvents>;
