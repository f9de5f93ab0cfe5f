import type { Stripe } from 'stripe';
import { z } from 'zod';

/** What a command on a subscription answers with; the register says the rest as soon as Stripe has told us. */
export const orderedSubscription = z
  .strictObject({
    subscriptionId: z.string(),
    status: z
      .string()
      .describe(
        'Stripe’s: `active`; or `incomplete` while the first payment needs the person, within 23 hours',
      ),
    cancelAtPeriodEnd: z.boolean().describe('Whether it ends with the period that is paid for'),
    clientSecret: z
      .string()
      .nullable()
      .describe(
        'Where the payment needs authentication or another card: confirm it with Stripe.js in the browser that asked. It is not kept',
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
