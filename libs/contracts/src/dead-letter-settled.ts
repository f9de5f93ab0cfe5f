import { organizationId, personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const fromStaff = { purpose: 'audit-trail', subject: null } as const;

/** What an operator did about a fact that the service could not handle. */
export const deadLetterSettled = z.strictObject({
  organizationId,
  fate: z.enum(['replayed', 'discarded']),
  /** `<source>/<lane>/<number>` of the fact. */
  messageId: z.string(),
  /** The fact's contract. */
  messageType: z.string(),
  publishedAt: z.iso.datetime(),
  parkedAt: z.iso.datetime(),
  attempts: z.int().nonnegative(),
  by: personal(z.string(), fromStaff),
  reason: personal(z.string(), fromStaff),
  settledAt: z.iso.datetime(),
});
export type DeadLetterSettled = z.infer<typeof deadLetterSettled>;

export const DEAD_LETTER_SETTLED_SUMMARY =
  'A fact that this service could not handle was replayed or discarded, by whom and why.';
