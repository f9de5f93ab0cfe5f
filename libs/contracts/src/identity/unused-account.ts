import { userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';
import { user } from './entities.js';

/** What a person who does not use an account is told: two months before it is anonymized, and one. */
export const unusedAccountWarnings = ['first', 'second'] as const;

const which = { ...fact, userId, lastUsedOn: z.iso.date() };

export const unusedAccountWarned = contract({
  type: 'vouchsafe.identity.unused-account-warned.v1',
  summary: 'A person was told by email that their account will be anonymized unless it is used (P03).',
  entity: user,
  schema: z.strictObject({
    ...which,
    warning: z.enum(unusedAccountWarnings),
    /** The day that the email named. */
    anonymizedFrom: z.iso.date(),
  }),
});

/** The erasure itself, with its receipts, is as any other (P10). */
export const unusedAccountErasureBegun = contract({
  type: 'vouchsafe.identity.unused-account-erasure-begun.v1',
  summary:
    'An account that nobody has used for 12 months is anonymized: the erasure of the person begins (P03).',
  entity: user,
  schema: z.strictObject({ ...which, erasureId: z.uuid() }),
});
