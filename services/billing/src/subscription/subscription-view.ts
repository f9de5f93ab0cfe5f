import type { Stripe } from 'stripe';
import { z } from 'zod';

/** What a command on a subscription answers with; the register shows the rest as soon as it was read from Stripe. */
export const orderedSubscription = z
  .strictObject({
    subscriptionId: z.string(),
    status: z
      .string()
      .describe(
        'Stripe’s status: `active`, or `incomplete` if the first payment was declined or the bank asks the person to authenticate. An `incomplete` subscription can be paid within 23 hours with the `clientSecret`.',
      ),
    cancelAtPeriodEnd: z.boolean().describe('Whether it ends with the period that is paid for'),
    clientSecret: z
      .string()
      .nullable()
      .describe(
        'For Stripe.js only (`confirmPayment`), in the browser that sent the request; null unless the payment needs another card or authentication. It is not stored: repeat the request with its Idempotency-Key to get it again.',
      ),
  })
  .meta({ id: 'OrderedSubscription' });
export type OrderedSubscription = z.infer<typeof orderedSubscription>;

/** What must be in a subscription that is answered. */
export const expand = ['latest_invoice.confirmation_secret'];

export function shownSubscription(subscription: Stripe.Subscription): OrderedSubscription {
  const { id, status, cancel_at_period_end, latest_invoice } = subscription;
  const invoice = typeof latest_invoice === 'string' ? null : latest_invoice;
  const needsPerson = invoice?.status === 'open';
  return {
    subscriptionId: id,
    status,
    cancelAtPeriodEnd: cancel_at_period_end,
    clientSecret: needsPerson ? (invoice.confirmation_secret?.client_secret ?? null) : null,
  };
}
