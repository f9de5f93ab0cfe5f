/** @promise P23 the entry's fields, as they leave the gateway */
import { organizationId, personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { jsonValue } from '../json-schema.js';

const aboutTheUser = { purpose: 'audit-trail', subject: 'userId' } as const;

/** One entry of the access log (P23), as the gateway stores it and as it leaves. */
export const accessEntry = z.strictObject({
  requestId: z.string(),
  /** The gateway process that wrote the entry; its entries are numbered without gaps. */
  instanceId: z.uuid(),
  sequence: z.int().positive(),
  /** The caller's organization; the operator's, where none is known. */
  organizationId,
  actor: z.strictObject({
    type: z.enum(['user', 'api-key', 'staff', 'service', 'anonymous']),
    id: z.string(),
  }),
  /** The person behind the request, where it is known. */
  userId: z.string().nullable(),
  sessionId: z.string().nullable(),
  /** The grant under which staff saw this organization's data (P02). */
  staffGrantId: z.string().nullable(),
  method: z.string(),
  /** Path and query; query values are masked but for an allow list. */
  url: personal(z.string(), aboutTheUser),
  /** The route's pattern, `/v1/members/{id}`; null where there is none. */
  route: z.string().nullable(),
  operation: z.string(),
  entity: z.strictObject({ type: z.string(), id: z.string().nullable() }).nullable(),
  /** `unknown`: it may have been executed, but nobody was there to see the end. */
  outcome: z.enum(['success', 'denied', 'failure', 'unknown']),
  /** The answer's status; null where no answer was seen. */
  status: z.int().nullable(),
  /** A stream has an entry before its first byte and another when it has ended; all else is `whole`. */
  part: z.enum(['whole', 'stream-opened', 'stream-closed']),
  /** Bytes of body that a stream has shown; null for all else. */
  bytes: z.int().nonnegative().nullable(),
  sourceIp: personal(z.string(), aboutTheUser).nullable(),
  userAgent: personal(z.string(), aboutTheUser).nullable(),
  /** When the request arrived. */
  receivedAt: z.iso.datetime(),
  /** When its outcome was known. */
  occurredAt: z.iso.datetime(),
  traceId: z.string(),
  /**
   * What the service that answered adds (response header `vouchsafe-entry-details`): ids, places and counts, nothing personal; of a
   * read of the audit log, which entries it showed.
   */
  details: z.record(z.string(), jsonValue).optional(),
});

export const requestHandled = contract({
  type: 'vouchsafe.gateway.request-handled.v1',
  summary: 'A request was answered, or its outcome could not be determined (P23).',
  schema: accessEntry,
});
