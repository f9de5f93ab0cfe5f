import { organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const time = z.iso.datetime();

/** What a legal hold covers of an organization's data (docs/lifecycle.md, 'Holds'). It names nobody but by random ids. */
export const holdScope = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('organization') }),
  /** The ids under which the values of one person are sealed. */
  z.strictObject({ of: z.literal('subject'), subjects: z.array(z.uuid()).min(1) }),
  z.strictObject({ of: z.literal('entity'), entityType: z.string(), entityId: z.string() }),
  z.strictObject({ of: z.literal('time-range'), from: time, to: time }),
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
