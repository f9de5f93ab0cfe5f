import { serviceName } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, formerVersion, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const which = { organizationId, userId, erasureId: z.uuid() };
const receipt = {
  keysDestroyed: z.int().nonnegative(),
  destroyedAt: z.iso.datetime(),
  effectiveFrom: z.iso.datetime(),
};

/** Stream `erasure-<user id>`: how a person is forgotten (P10). A person has one. */
export const erasureEvents = eventCatalog({
  'subject-erasure-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, subjects: z.array(z.uuid()).min(1) }),
  },
  'erasure-receipt-received': {
    version: 2,
    visibility: 'private',
    schema: z.strictObject({ ...which, service: serviceName, ...receipt }),
    former: {
      // Of the time when there were these three.
      1: formerVersion(
        z.strictObject({ ...which, service: z.enum(['identity', 'gateway', 'audit']), ...receipt }),
        (data) => data,
      ),
    },
  },
  'subject-erasure-completed': { version: 1, visibility: 'published', schema: z.strictObject(which) },
});
export type ErasureEvent = EventOf<typeof erasureEvents>;
