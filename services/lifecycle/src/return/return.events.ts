import { returnEnds } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const time = z.iso.datetime();
const which = { organizationId, returnId: z.uuid() };

/** Stream `return-<id>`: an archive of an organization's data, or of one person's, from the request to its deletion (P30, P10). */
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
  /** The request of the data subject says the rest, and is published. */
  'return-of-person-requested': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, dataRequestId: z.uuid(), userId }),
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
  'return-of-person-ready': {
    version: 1,
    visibility: 'private',
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
