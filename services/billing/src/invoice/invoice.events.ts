import { observationSources, stripeId } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { observation } from '../observation/observation.js';

const time = z.iso.datetime();
const currency = z.string().regex(/^[A-Z]{3}$/);
const amount = z.int();

export const invoiceStatuses = ['draft', 'open', 'paid', 'uncollectible', 'void'] as const;

/**
 * What we keep of an invoice. Name, address and the links to its pages stay at Stripe: who has a link can read the invoice without
 * logging in.
 */
export const invoiceContent = z.strictObject({
  customerId: stripeId('cus'),
  subscriptionId: stripeId('sub').nullable(),
  number: z.string().max(100).nullable(),
  status: z.enum(invoiceStatuses),
  billingReason: z.string().max(60).nullable(),
  currency,
  total: amount,
  amountDue: amount,
  amountPaid: amount,
  amountRemaining: amount,
  attemptCount: z.int().min(0),
  attempted: z.boolean(),
  nextAttemptAt: time.nullable(),
  createdAt: time,
  dueAt: time.nullable(),
  periodStart: time,
  periodEnd: time,
  finalizedAt: time.nullable(),
  paidAt: time.nullable(),
  markedUncollectibleAt: time.nullable(),
  voidedAt: time.nullable(),
});
export type InvoiceContent = z.output<typeof invoiceContent>;

const which = { organizationId, invoiceId: stripeId('in') };
const from = {
  ...which,
  source: z.enum(observationSources),
  subscriptionId: stripeId('sub').nullable(),
  currency,
};

/** Stream `invoice-<in_...>`. */
export const invoiceEvents = eventCatalog({
  'invoice-observed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, ...observation, content: invoiceContent }),
  },
  'invoice-finalized': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, amountDue: amount, finalizedAt: time }),
  },
  'invoice-paid': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, amountPaid: amount, paidAt: time }),
  },
  'payment-failed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, amountDue: amount, attempt: z.int(), nextAttemptAt: time.nullable() }),
  },
  'invoice-voided': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, voidedAt: time }),
  },
  'invoice-marked-uncollectible': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, amountDue: amount, markedAt: time }),
  },
});
export type InvoiceEvent = EventOf<typeof invoiceEvents>;
