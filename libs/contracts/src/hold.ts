import { organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const time = z.iso.datetime();

/** What a legal hold covers of an organization's data (docs/lifecycle.md, 'Holds'). It names nobody but by random ids. */
export const holdScope = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('organization').describe('All data of the organization') }),
  /** The ids under which the values of one person are sealed. */
  z.strictObject({
    of: z.literal('subject').describe('The data of one person'),
    subjects: z.array(z.uuid()).min(1).describe('Ids of the user and of invitations to the same person'),
  }),
  z.strictObject({
    of: z.literal('entity').describe('What is about one entity'),
    entityType: z.string().describe('Its type, as entries of the audit log name it'),
    entityId: z.string().describe('Its id among its type'),
  }),
  z.strictObject({
    of: z.literal('time-range').describe('What shows what happened at a time'),
    from: time.describe('From this time on ...'),
    to: time.describe('... and before this one'),
  }),
]);
export type HoldScope = z.infer<typeof holdScope>;

/** What a service answers to a hold and to its release, each by a fact of its own, in the operator's log. */
export const holdConfirmation = z.strictObject({
  /** The operator's. */
  organizationId,
  holdId: z.uuid(),
  heldOrganizationId: organizationId,
  /** `placed`: nothing that it covers is destroyed in this service from now on; `released`: what it stopped goes on. */
  step: z.enum(['placed', 'released']),
  confirmedAt: time,
});
export type HoldConfirmation = z.infer<typeof holdConfirmation>;

export const HOLD_CONFIRMATION_SUMMARY =
  'This service keeps what a legal hold covers, or has ended a hold that was released.';
