import { observationSources } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const from = { organizationId, source: z.enum(observationSources) };

/** Stream `card-failure-<organization id>`: attempts to save a card or to pay that failed. */
export const cardFailureEvents = eventCatalog({
  'card-failure-observed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({
      ...from,
      /** Stripe's event of the attempt: each has one. */
      eventId: z.string(),
      failedAt: z.iso.datetime(),
      /** A keyed hash under the organization's key, by which two attempts with one card are known; null where Stripe does not say. */
      card: z.string().nullable(),
    }),
  },
  'card-failures-repeated': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...from,
      failures: z.int().min(1),
      cards: z.int().min(0),
      windowSeconds: z.int().min(1),
      lastFailedAt: z.iso.datetime(),
    }),
  },
});
export type CardFailureEvent = EventOf<typeof cardFailureEvents>;
