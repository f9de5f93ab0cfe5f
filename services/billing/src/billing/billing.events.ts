import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const which = { organizationId, billingId: z.uuid() };

/** Stream `billing-<id>`. */
export const billingEvents = eventCatalog({
  'billing-created': { version: 1, visibility: 'published', schema: z.strictObject(which) },
  'billing-retired': { version: 1, visibility: 'published', schema: z.strictObject(which) },
});
export type BillingEvent = EventOf<typeof billingEvents>;
