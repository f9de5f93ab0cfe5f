import { retained, serviceName } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** A closed set that is stored: it never grows. */
export const firstService = z.enum(['identity', 'gateway', 'audit']);

const which = { organizationId, userId, erasureId: z.uuid() };
const receipt = {
  keysDestroyed: z.int().nonnegative(),
  destroyedAt: z.iso.datetime(),
  effectiveFrom: z.iso.datetime(),
};

/** Stream `erasure-<user id>`: the erasure of a person (P10). A person has one. */
export const erasureEvents = eventCatalog({
  'subject-erasure-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, subjects: z.array(z.uuid()).min(1) }),
  },
  'erasure-receipt-received': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, service: firstService, ...receipt }),
  },
  // Of a service that came later. A type of its own: the receipts of the first three stay readable for a release before (ADR 0036).
  'later-erasure-receipt-received': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({
      ...which,
      service: serviceName,
      ...receipt,
      retained: z.array(retained).min(1).optional(),
    }),
  },
  'subject-erasure-completed': { version: 1, visibility: 'published', schema: z.strictObject(which) },
});
export type ErasureEvent = EventOf<typeof erasureEvents>;
