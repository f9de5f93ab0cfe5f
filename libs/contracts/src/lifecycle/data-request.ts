import { userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { retained } from '../erasure-receipt.js';
import { fact } from '../fact.js';

/** What a data subject can ask for: Articles 15 to 18, 20 and 21 GDPR. */
export const dataRequestKinds = [
  'access',
  'portability',
  'rectification',
  'erasure',
  'restriction',
  'objection',
] as const;

/** Why a request is refused: Articles 11(2), 12(5), 12(6), 17(3) and 23 GDPR, and 4(7) for a request to whom it does not concern. */
export const refusalGrounds = [
  'identity-not-confirmed',
  'not-our-data',
  'manifestly-unfounded',
  'excessive',
  'legal-obligation',
  'legal-claims',
  'rights-of-others',
  'other-law',
] as const;

/** Why an approved erasure does not begin. */
export const erasureRefusals = ['last-owner', 'already-requested', 'no-such-person'] as const;

/** What whoever asks is told by email. `confirm` asks somebody without an account to confirm the address. */
export const dataRequestNotices = [
  'confirm',
  'received',
  'identity-requested',
  'refused',
  'extended',
  'fulfilled',
  'restriction-ends',
] as const;
export type DataRequestNotice = (typeof dataRequestNotices)[number];

const time = z.iso.datetime();
/** Texts and addresses stay in lifecycle: no service needs them. */
const which = {
  ...fact,
  dataRequestId: z.uuid(),
  /** Stands for the address of whoever asks, which has a key of its own. */
  contactId: z.uuid(),
};
const entity = { type: 'data-request', id: 'dataRequestId' } as const;

/** No entry of the log: nobody sees a request before whoever asks has confirmed the address. */
export const dataRequestEntered = contract({
  type: 'vouchsafe.lifecycle.data-request-entered.v1',
  summary:
    'Somebody without an account entered a request about personal data; the address is to be confirmed.',
  schema: z.strictObject(which),
});

export const dataRequestReceived = contract({
  type: 'vouchsafe.lifecycle.data-request-received.v1',
  summary:
    'A data subject asked for something about their personal data. The time to answer runs from its receipt.',
  entity,
  schema: z.strictObject({
    ...which,
    kind: z.enum(dataRequestKinds),
    userId: userId.nullable(),
    channel: z.enum(['inside', 'outside']),
    receivedAt: time,
  }),
});

export const dataRequestIdentityRequested = contract({
  type: 'vouchsafe.lifecycle.data-request-identity-requested.v1',
  summary: 'A data subject must show who they are; until then the time to answer stands still.',
  entity,
  schema: z.strictObject(which),
});

export const dataRequestIdentityConfirmed = contract({
  type: 'vouchsafe.lifecycle.data-request-identity-confirmed.v1',
  summary: 'A data subject has shown who they are; the time to answer runs on.',
  entity,
  schema: z.strictObject(which),
});

export const dataRequestAccepted = contract({
  type: 'vouchsafe.lifecycle.data-request-accepted.v1',
  summary: 'A request of a data subject will be fulfilled.',
  entity,
  schema: z.strictObject({ ...which, userId: userId.nullable() }),
});

export const dataRequestRefused = contract({
  type: 'vouchsafe.lifecycle.data-request-refused.v1',
  summary: 'A request of a data subject was refused; the data subject is told why, and where to complain.',
  entity,
  schema: z.strictObject({ ...which, ground: z.enum(refusalGrounds) }),
});

export const dataRequestExtended = contract({
  type: 'vouchsafe.lifecycle.data-request-extended.v1',
  summary: 'The time to answer a data subject was extended, once; the data subject is told why.',
  entity,
  schema: z.strictObject({ ...which, dueAt: time }),
});

export const dataRequestErasureApproved = contract({
  type: 'vouchsafe.lifecycle.data-request-erasure-approved.v1',
  summary: 'What the erasure of a person deletes and keeps was approved: it begins.',
  entity,
  schema: z.strictObject({ ...which, userId, erasureId: z.uuid(), previewHash: z.string() }),
});

export const dataRequestErasureStopped = contract({
  type: 'vouchsafe.lifecycle.data-request-erasure-stopped.v1',
  summary: 'An approved erasure could not begin; the request is open again.',
  entity,
  schema: z.strictObject({ ...which, erasureId: z.uuid(), reason: z.enum(erasureRefusals) }),
});

export const dataRequestArchiveRequested = contract({
  type: 'vouchsafe.lifecycle.data-request-archive-requested.v1',
  summary:
    'Everything that is kept of a data subject is being put into an archive (Articles 15 and 20 GDPR), which answers the request.',
  entity,
  schema: z.strictObject({ ...which, userId, returnId: z.uuid() }),
});

export const dataRequestFulfilled = contract({
  type: 'vouchsafe.lifecycle.data-request-fulfilled.v1',
  summary: 'A request of a data subject is fulfilled; `exceptions` says what stays, and on which ground.',
  entity,
  schema: z.strictObject({
    ...which,
    /** Whether software carried it out; else somebody stated what was done. */
    carriedOut: z.boolean(),
    exceptions: z.array(retained),
  }),
});

export const dataRequestRecipientsNotified = contract({
  type: 'vouchsafe.lifecycle.data-request-recipients-notified.v1',
  summary: 'Whoever had received the data was told of the request (Article 19 GDPR).',
  entity,
  schema: z.strictObject({ ...which, recipients: z.int(), unconfirmed: z.int() }),
});

/** Article 18(3) GDPR: whoever obtained the restriction is told before it is lifted. */
export const dataRequestLiftingAnnounced = contract({
  type: 'vouchsafe.lifecycle.data-request-lifting-announced.v1',
  summary:
    'The restriction of the processing of personal data will be lifted; the data subject is told before.',
  entity,
  schema: z.strictObject(which),
});

export const dataRequestTransferred = contract({
  type: 'vouchsafe.lifecycle.data-request-transferred.v1',
  summary:
    'A request of a data subject was handed over to whoever decides about the data; the time to answer runs from its receipt as before.',
  entity,
  schema: z.strictObject({ ...which, toOrganizationId: z.uuid() }),
});

export const dataRequestClosed = contract({
  type: 'vouchsafe.lifecycle.data-request-closed.v1',
  summary:
    'Nothing is left to do about a request of a data subject; the address of whoever asked is destroyed.',
  entity,
  schema: z.strictObject(which),
});

/** Carried out as every erasure of a person is: by identity's, in every service, whatever a restore brings back. */
export const dataRequestExpired = contract({
  type: 'vouchsafe.lifecycle.data-request-expired.v1',
  summary:
    'The address of whoever asked, or a request as a whole, is no longer needed: its key is destroyed.',
  entity,
  schema: z.strictObject({
    ...fact,
    dataRequestId: z.uuid(),
    /** Ids whose keys go, each with what stands under it. */
    expired: z.array(z.uuid()).min(1),
  }),
});
