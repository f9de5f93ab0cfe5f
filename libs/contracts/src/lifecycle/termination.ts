import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';

/** Why an organization's use of the product ended. */
export const terminationCauses = ['subscriptions-ended', 'closed-by-owner'] as const;
/** What its owners are told: at the end, and before its data is deleted. */
export const terminationNotices = ['ended', 'month-before-purge', 'week-before-purge'] as const;

const time = z.iso.datetime();
/** `epoch` counts the terminations of an organization. */
const which = { ...fact, epoch: z.int().positive() };
const entity = { type: 'organization', id: 'organizationId' } as const;

export const organizationDeactivated = contract({
  type: 'vouchsafe.lifecycle.organization-deactivated.v1',
  summary:
    'An organization is inactive: only its owners can log in, to take its data with them or to come back. Nothing is deleted yet.',
  entity,
  schema: z.strictObject({ ...which, endedAt: time, cause: z.enum(terminationCauses) }),
});

export const terminationMoved = contract({
  type: 'vouchsafe.lifecycle.termination-moved.v1',
  summary:
    'An inactive organization had a subscription that ended later than was known; its periods count from that end.',
  entity,
  schema: z.strictObject({ ...which, endedAt: time }),
});

export const organizationReactivated = contract({
  type: 'vouchsafe.lifecycle.organization-reactivated.v1',
  summary: 'An inactive organization has come back; its data stays.',
  entity,
  schema: z.strictObject(which),
});

export const terminationNoticeDue = contract({
  type: 'vouchsafe.lifecycle.termination-notice-due.v1',
  summary: 'The owners of an inactive organization must be told when its data will be deleted.',
  entity,
  schema: z.strictObject({
    ...which,
    notice: z.enum(terminationNotices),
    cause: z.enum(terminationCauses),
    endedAt: time,
    purgeFrom: time,
    productionErasedBy: time,
    backupsExpiredBy: time,
    /** Of the address at which the certificate of the deletion will be; null for ends from before there were certificates. */
    certificateId: z.uuid().nullable().optional(),
    /** Until then an owner can have the data returned (P30); null for ends from before there were returns. */
    returnUntil: time.nullable().optional(),
  }),
});
