import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { Performing } from '../intent/order.js';
import type { StripeShare } from '../stripe/stripe-api.js';
import { isFailed, refused, type StripeFailure } from '../stripe/stripe-failure.js';
import { idOf } from '../stripe/written.js';
import { storedNames } from '../stored-names.js';
import { expand } from './subscription-view.js';

export const subscriptionPath = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be the id of a subscription'),
});

/** A subscription as it is at Stripe now; another customer's is not found, as if there were none. */
export async function ownSubscription(
  stripe: StripeShare,
  customerId: string,
  subscriptionId: string,
): Promise<Stripe.Subscription | StripeFailure> {
  const found = await stripe.read((client, options) =>
    client.subscriptions.retrieve(subscriptionId, { expand }, options),
  );
  if (isFailed(found)) return found;
  return idOf(found.customer) === customerId ? found : refused('not-found');
}

/** It never lives again. */
export function isOver({ status }: Stripe.Subscription): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}

/** Whether this very order was the last to change it. */
export function isChangedBy({ metadata }: Stripe.Subscription, { intentId }: Performing): boolean {
  return metadata[storedNames.change] === intentId;
}

export function changeMetadata({ intentId }: Performing): Record<string, string> {
  return { [storedNames.change]: intentId };
}
