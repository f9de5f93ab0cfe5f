import { z } from 'zod';
import { contract } from '../contract.js';
import { stripeId } from '../stripe-id.js';
import { amount, currency, observedFact } from './observed.js';

const which = {
  ...observedFact,
  invoiceId: stripeId('in'),
  subscriptionId: stripeId('sub').nullable(),
  currency,
};
const entity = { type: 'invoice', id: 'invoiceId' } as const;

export const invoiceFinalized = contract({
  type: 'vouchsafe.billing.invoice-finalized.v1',
  summary: 'An invoice is final and due.',
  entity,
  schema: z.strictObject({ ...which, amountDue: amount, finalizedAt: z.iso.datetime() }),
});

export const invoicePaid = contract({
  type: 'vouchsafe.billing.invoice-paid.v1',
  summary: 'An invoice is paid; one of 0, such as that of a trial, at once.',
  entity,
  schema: z.strictObject({ ...which, amountPaid: amount, paidAt: z.iso.datetime() }),
});

export const paymentFailed = contract({
  type: 'vouchsafe.billing.payment-failed.v1',
  summary:
    'A payment of an invoice was attempted and failed. `attempt` counts the attempts that Stripe made.',
  entity,
  schema: z.strictObject({
    ...which,
    amountDue: amount,
    attempt: z.int().min(1),
    nextAttemptAt: z.iso.datetime().nullable(),
  }),
});

export const invoiceVoided = contract({
  type: 'vouchsafe.billing.invoice-voided.v1',
  summary: 'An invoice was voided: nothing is due.',
  entity,
  schema: z.strictObject({ ...which, voidedAt: z.iso.datetime() }),
});

export const invoiceMarkedUncollectible = contract({
  type: 'vouchsafe.billing.invoice-marked-uncollectible.v1',
  summary: 'An invoice was given up as uncollectible; it may still be paid.',
  entity,
  schema: z.strictObject({ ...which, amountDue: amount, markedAt: z.iso.datetime() }),
});
