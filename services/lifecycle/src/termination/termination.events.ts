import { terminationCauses, terminationNotices } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, formerVersion, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const time = z.iso.datetime();
/** `epoch` counts the terminations of an organization: what belongs to one that it came back from has no effect on the next. */
const which = { organizationId, epoch: z.int().positive() };

const noticeDue = {
  ...which,
  notice: z.enum(terminationNotices),
  cause: z.enum(terminationCauses),
  endedAt: time,
  purgeFrom: time,
  productionErasedBy: time,
  backupsExpiredBy: time,
};
const certified = { certificateId: z.uuid().nullable() };

/** Stream `termination-<organizationId>`: how an organization's use of the product ends, and what then becomes of its data (P30, P31). */
export const terminationEvents = eventCatalog({
  'subscription-became-live': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ organizationId }),
  },
  'organization-deactivated': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, endedAt: time, cause: z.enum(terminationCauses) }),
  },
  /** Of subscriptions that billing learned of late: T0 is the greatest end. */
  'termination-moved': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, endedAt: time }),
  },
  'organization-reactivated': { version: 1, visibility: 'published', schema: z.strictObject(which) },
  'termination-notice-due': {
    version: 3,
    visibility: 'published',
    schema: z.strictObject({ ...noticeDue, ...certified, returnUntil: time.nullable() }),
    former: {
      1: formerVersion(z.strictObject(noticeDue), (data) => ({ ...data, certificateId: null })),
      2: formerVersion(z.strictObject({ ...noticeDue, ...certified }), (data) => ({
        ...data,
        returnUntil: null,
      })),
    },
  },
  'termination-notice-sent': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, notice: z.enum(terminationNotices), sentAt: time }),
  },
  /** The organization could come back until now; billing looks once more whether it did. */
  'purge-proposed': { version: 1, visibility: 'published', schema: z.strictObject(which) },
  /** From here on nobody can come back. How it goes on stands in the operator's organization: this stream is deleted, too. */
  'purge-committed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, erasureId: z.uuid() }),
  },
});
export type TerminationEvent = EventOf<typeof terminationEvents>;
