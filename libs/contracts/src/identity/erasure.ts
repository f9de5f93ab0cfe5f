import { userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract, formerContract } from '../contract.js';
import { ERASURE_RECEIPT_SUMMARY, erasureReceipt } from '../erasure-receipt.js';
import { erasureRefusals } from '../lifecycle/data-request.js';
import { fact } from '../fact.js';
import { serviceName } from '../service-name.js';
import { user } from './entities.js';

export const subjectErasureRequested = contract({
  type: 'vouchsafe.identity.subject-erasure-requested.v1',
  summary:
    'The erasure of a person was requested: every service destroys its keys of these subjects and answers with a receipt (P10).',
  entity: user,
  schema: z.strictObject({
    ...fact,
    userId,
    erasureId: z.uuid(),
    /** Ids under which the person's values are sealed: the user's own, and those of the invitations to the same person. */
    subjects: z.array(z.uuid()).min(1),
  }),
});

/** A set of three that can never grow: what the next version is for. */
export const subjectErasureCompletedV1 = contract({
  type: 'vouchsafe.identity.subject-erasure-completed.v1',
  summary: 'Every service has given its receipt: the person is erased (P10).',
  entity: user,
  schema: z.strictObject({
    ...fact,
    userId,
    erasureId: z.uuid(),
    services: z.array(z.enum(['identity', 'gateway', 'audit'])),
  }),
});

export const subjectErasureCompleted = contract({
  type: 'vouchsafe.identity.subject-erasure-completed.v2',
  summary: 'Every service has given its receipt: the person is erased (P10).',
  entity: user,
  schema: z.strictObject({ ...fact, userId, erasureId: z.uuid(), services: z.array(serviceName) }),
  former: formerContract(subjectErasureCompletedV1, (data) => data),
});

export const subjectErased = contract({
  type: 'vouchsafe.identity.subject-erased.v1',
  summary: ERASURE_RECEIPT_SUMMARY,
  schema: erasureReceipt,
});

/** To whom it concerns: the request of the data subject is open again. */
export const subjectErasureRefused = contract({
  type: 'vouchsafe.identity.subject-erasure-refused.v1',
  summary:
    'An approved erasure of a person cannot begin: the only owner must hand over first, or it had begun already.',
  entity: user,
  outcome: 'denied',
  schema: z.strictObject({
    ...fact,
    userId,
    erasureId: z.uuid(),
    dataRequestId: z.uuid(),
    reason: z.enum(erasureRefusals),
  }),
});
