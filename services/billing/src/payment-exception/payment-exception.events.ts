import { observationSources, paymentExceptionId, paymentExceptions, stripeId } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { observation } from '../observation/observation.js';

const currency = z.string().regex(/^[A-Z]{3}$/);
const amount = z.int();

/** What we keep of a refund, a credit note, a dispute or an early fraud warning. */
export const paymentExceptionContent = z.strictObject({
  kind: z.enum(paymentExceptions),
  /** Null if the payment has no customer at Stripe. */
  customerId: stripeId('cus').nullable(),
  /** Stripe's word. */
  status: z.string().max(60),
  /** Null for a warning. */
  money: z.strictObject({ amount, currency }).nullable(),
  /** Stripe's word for why there is a dispute or a warning. */
  reason: z.string().max(100).nullable(),
  /** Of a credit note. */
  invoiceId: stripeId('in').nullable(),
  createdAt: z.iso.datetime(),
});
export type PaymentExceptionContent = z.output<typeof paymentExceptionContent>;

const which = { organizationId, exceptionId: paymentExceptionId };
const from = { ...which, source: z.enum(observationSources) };
const money = { amount, currency };
const published = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  ({ version: 1, visibility: 'published', schema: z.strictObject({ ...from, ...shape }) }) as const;

/** Stream `payment-exception-<re_..., cn_..., dp_... or issfr_...>`. */
export const paymentExceptionEvents = eventCatalog({
  'payment-exception-observed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, ...observation, content: paymentExceptionContent }),
  },
  'refund-created': published(money),
  'refund-failed': published(money),
  'credit-note-issued': published({ ...money, invoiceId: stripeId('in').nullable() }),
  'credit-note-voided': published({ ...money, invoiceId: stripeId('in').nullable() }),
  'dispute-opened': published({ ...money, reason: z.string() }),
  'dispute-closed': published({ ...money, outcome: z.string() }),
  'early-fraud-warning-received': published({ reason: z.string() }),
});
export type PaymentExceptionEvent = EventOf<typeof paymentExceptionEvents>;
