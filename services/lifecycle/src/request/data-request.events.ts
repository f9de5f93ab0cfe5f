import {
  dataRequestKinds,
  dataRequestNotices,
  erasureRefusals,
  refusalGrounds,
  retained,
} from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, personal, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { previewItem } from './preview.js';

const time = z.iso.datetime();
const which = { dataRequestId: z.uuid(), contactId: z.uuid() };
/** Where whoever asks is answered: under a key of its own, which goes when the request is closed. */
const contact = personal(z.string(), { purpose: 'communication', subject: 'contactId' }).nullable();
/** What was asked for, and what was answered: under a key of the request's own, which goes when it is retired. */
const text = personal(z.string(), { purpose: 'contract', subject: 'dataRequestId' });
const asked = {
  ...which,
  /** Of the address at which anybody who has it sees how far the request is, and the receipt. */
  receiptId: z.uuid(),
  kind: z.enum(dataRequestKinds),
  receivedAt: time,
  contact,
  text: text.nullable(),
};

/** Stream `data-request-<dataRequestId>`, in the organization that decides: the controller of the data (Article 4(7) GDPR). */
export const dataRequestEvents = eventCatalog({
  /** From outside; nobody sees it before the address is confirmed. */
  'data-request-entered': { version: 1, visibility: 'published', schema: z.strictObject(asked) },
  'data-request-confirmed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, kind: z.enum(dataRequestKinds), receivedAt: time }),
  },
  'data-request-received': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...asked, userId: userId.nullable(), channel: z.enum(['inside', 'outside']) }),
  },
  'data-request-identity-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, since: time }),
  },
  'data-request-identity-confirmed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, waitedMs: z.int().nonnegative() }),
  },
  'data-request-accepted': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, userId: userId.nullable() }),
  },
  'data-request-refused': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, ground: z.enum(refusalGrounds), reasons: text, refusedAt: time }),
  },
  'data-request-extended': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, reasons: text, dueAt: time }),
  },
  'data-request-scoped': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, hash: z.string(), items: z.array(previewItem) }),
  },
  'data-request-erasure-approved': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, userId, erasureId: z.uuid(), previewHash: z.string() }),
  },
  'data-request-erasure-receipt-received': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({
      ...which,
      service: z.string(),
      keysDestroyed: z.int().nonnegative(),
      destroyedAt: time,
      effectiveFrom: time,
      retained: z.array(retained),
    }),
  },
  'data-request-erasure-stopped': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, erasureId: z.uuid(), reason: z.enum(erasureRefusals) }),
  },
  /** Everything that is kept of the person is put into an archive. */
  'data-request-archive-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, userId, archiveId: z.uuid() }),
  },
  /** It was deleted before it was ready. */
  'data-request-archive-stopped': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, archiveId: z.uuid() }),
  },
  'data-request-fulfilled': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      fulfilledAt: time,
      /** What was done by hand; null where software carried the request out. */
      statement: text.nullable(),
      exceptions: z.array(retained),
    }),
  },
  'data-request-recipients-notified': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      recipients: z.array(z.strictObject({ name: text, notifiedAt: time, confirmedAt: time.nullable() })),
    }),
  },
  /** The email with this notice was sent. */
  'data-request-notice-sent': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, notice: z.enum(dataRequestNotices), sentAt: time }),
  },
  /** The restriction that was asked for ends when the request is closed. */
  'data-request-lifting-announced': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, reasons: text, announcedAt: time }),
  },
  /** Another organization decides about the data: it has received a request of its own with the same content. */
  'data-request-transferred': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, toOrganizationId: z.uuid(), transferredAt: time }),
  },
  'data-request-closed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, closedAt: time }),
  },
  /** What stands under these ids is no longer needed: the address, or everything. */
  'data-request-expired': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, expired: z.array(z.uuid()).min(1) }),
  },
});
export type DataRequestEvent = EventOf<typeof dataRequestEvents>;
