import { terminationNotices } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** Stream `termination-notices-<organization id>`: what the owners of an organization that has ended were told. */
export const terminationNoticesEvents = eventCatalog({
  'termination-notice-sent': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      organizationId,
      epoch: z.int().positive(),
      notice: z.enum(terminationNotices),
      sentAt: z.iso.datetime(),
    }),
  },
});
export type TerminationNoticesEvent = EventOf<typeof terminationNoticesEvents>;
