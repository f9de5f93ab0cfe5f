import { unusedAccountWarnings } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const which = { organizationId, userId, lastUsedOn: z.iso.date() };

/** Stream `unused-account-<user id>`: what was done about an account that nobody used (P03). */
export const unusedAccountEvents = eventCatalog({
  'unused-account-warned': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      warning: z.enum(unusedAccountWarnings),
      /** As the email said. */
      anonymizedFrom: z.iso.date(),
    }),
  },
  'unused-account-erasure-begun': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, erasureId: z.uuid() }),
  },
});
export type UnusedAccountEvent = EventOf<typeof unusedAccountEvents>;
