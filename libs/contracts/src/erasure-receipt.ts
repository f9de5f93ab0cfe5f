import { organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** What of a person stays, because the law asks that it is kept: on which ground, and until the end of which day (UTC). */
export const retained = z.strictObject({
  what: z.enum(['invoices-at-stripe']).describe('What is kept, and where'),
  ground: z.enum(['statutory-accounting']).describe('Why it must be kept'),
  until: z.iso.date().describe('The last day (UTC) on which it must be kept'),
});
export type Retained = z.infer<typeof retained>;

/**
 * What a service answers to a person's erasure (P10), each by a fact of its own: its keys of the person are destroyed, what it
 * could search the person by is removed, and no process of it holds an opened key any more.
 */
export const erasureReceipt = z.strictObject({
  organizationId,
  userId,
  erasureId: z.uuid(),
  /** Key versions that were there; none where the service had never sealed anything of the person. */
  keysDestroyed: z.int().nonnegative(),
  destroyedAt: z.iso.datetime(),
  /** From this instant no process of the service could open a value of the person, whatever it had in memory. */
  effectiveFrom: z.iso.datetime(),
  /** Absent where nothing stays. */
  retained: z.array(retained).min(1).optional(),
});
export type ErasureReceipt = z.infer<typeof erasureReceipt>;

export const ERASURE_RECEIPT_SUMMARY =
  'The keys of an erased person are destroyed in this service, and no process holds them any more (P10).';
