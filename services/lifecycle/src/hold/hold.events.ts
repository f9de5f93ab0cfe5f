import { holdScope } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId, personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const time = z.iso.datetime();
const which = { holdId: z.uuid(), heldOrganizationId: organizationId };
/** Who wrote it may have named anybody: it is sealed under a key of the hold's own. */
const reason = personal(z.string(), { purpose: 'contract', subject: 'holdId' });
const actor = z.strictObject({ type: z.string(), id: z.string() });

/**
 * Stream `hold-<holdId>`, in the operator's organization: a legal hold outlives the streams of the organization whose data it keeps, and
 * facts about an organization that is being erased are not taken.
 */
export const holdEvents = eventCatalog({
  'hold-placed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      scope: holdScope,
      /** Null where the hold was recalled from outside of a restored database. */
      reason: reason.nullable(),
      placedBy: actor,
      /** Whose member placed it: the operator's, or the organization's own. */
      placedFor: organizationId,
      until: time.nullable(),
      reviewDueAt: time,
    }),
  },
  'hold-confirmed-by-service': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, service: z.string(), confirmedAt: time }),
  },
  'hold-in-force': { version: 1, visibility: 'published', schema: z.strictObject(which) },
  'hold-reviewed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      reason,
      reviewedBy: actor,
      until: time.nullable(),
      reviewDueAt: time,
    }),
  },
  'hold-release-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, reason: reason.nullable(), releasedBy: actor }),
  },
  'hold-ended-by-service': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, service: z.string(), confirmedAt: time }),
  },
  'hold-released': { version: 1, visibility: 'published', schema: z.strictObject(which) },
});
export type HoldEvent = EventOf<typeof holdEvents>;
