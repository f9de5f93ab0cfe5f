import { eventCatalog, type EventOf, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** Every service that keeps something of a person; an erasure is done when each has given its receipt. */
export const erasingServices = ['identity', 'gateway', 'audit'] as const;
export const erasingService = z.enum(erasingServices);
export type ErasingService = z.infer<typeof erasingService>;

const which = { organizationId, userId, erasureId: z.uuid() };

/** Stream `erasure-<user id>`: how a person is forgotten (P10). A person has one. */
export const erasureEvents = eventCatalog({
  'subject-erasure-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, subjects: z.array(z.uuid()).min(1) }),
  },
  'erasure-receipt-received': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({
      ...which,
      service: erasingService,
      keysDestroyed: z.int().nonnegative(),
      destroyedAt: z.iso.datetime(),
      effectiveFrom: z.iso.datetime(),
    }),
  },
  'subject-erasure-completed': { version: 1, visibility: 'published', schema: z.strictObject(which) },
});
export type ErasureEvent = EventOf<typeof erasureEvents>;
