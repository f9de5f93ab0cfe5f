import { returnEnds } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const time = z.iso.datetime();
const which = { organizationId, returnId: z.uuid() };

/** Stream `return-<id>`: an archive of an organization's data, from the request to its deletion (P30). */
export const returnEvents = eventCatalog({
  'return-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      from: time.nullable(),
      to: time.nullable(),
      isByOperator: z.boolean(),
    }),
  },
  'return-begun': { version: 1, visibility: 'private', schema: z.strictObject(which) },
  'return-attempt-failed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, attempt: z.int().positive() }),
  },
  'return-ready': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      parts: z.int().positive(),
      size: z.int().nonnegative(),
      expiresAt: time,
    }),
  },
  'return-deleted': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, because: z.enum(returnEnds) }),
  },
});
export type ReturnEvent = EventOf<typeof returnEvents>;
