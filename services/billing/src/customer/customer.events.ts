import { eventCatalog, type EventOf, organizationId, personal, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const mark = { purpose: 'contract', subject: 'userId' } as const;

/** Stream `customer-<organization id>`: the organization's one customer at Stripe. */
export const customerEvents = eventCatalog({
  'customer-created': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, customerId: z.string() }),
  },
  /** For invoices. `userId` is the person who said so: the values are taken to be about them. */
  'customer-details-changed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({
      organizationId,
      userId,
      name: personal(z.string(), mark),
      email: personal(z.string(), mark),
    }),
  },
});
export type CustomerEvent = EventOf<typeof customerEvents>;
