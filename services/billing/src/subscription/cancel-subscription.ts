import { Injectable } from '@nestjs/common';
import { assertRecentlyAuthenticated, type Caller, Clock, organizationOf } from '@vouchsafe/service-host';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { Customers } from '../customer/customers.js';
import type { OrderRejection } from '../intent/carry-out.js';
import type { Order, Performed } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, refused } from '../stripe/stripe-failure.js';
import { changeMetadata, isOver, ownSubscription } from './own-subscription.js';
import { expand, type OrderedSubscription, shownSubscription } from './subscription-view.js';

export const cancellation = z
  .strictObject({
    at: z
      .enum(['period-end', 'now'])
      .default('period-end')
      .describe('`period-end`: at the end of the paid period. `now`: at once. Neither refunds anything.'),
  })
  .meta({ id: 'Cancellation', examples: [{ at: 'period-end' }] });

const asked = z.strictObject({ subscriptionId: z.string(), at: z.enum(['period-end', 'now']) });
type Asked = z.infer<typeof asked>;

/** Cancelling what is cancelled so already changes nothing, so doing it twice does no harm. */
export const cancelSubscriptionOrder: Order<Asked, OrderedSubscription> = {
  operation: 'subscription.cancel',
  asked,
  perform: async ({ subscriptionId, at }, context) => {
    const before = await ownSubscription(context.stripe, context.customerId, subscriptionId);
    if (isFailed(before)) return before;
    if (isOver(before))
      return at === 'now' || context.isCompleted ? done(before) : refused('subscription-ended');
    // It has no period that is paid for.
    if (at === 'period-end' && before.status === 'incomplete') return refused('subscription-incomplete');
    const changed = await context.write((client, options) =>
      at === 'now'
        ? client.subscriptions.cancel(subscriptionId, { expand }, options)
        : client.subscriptions.update(
            subscriptionId,
            { cancel_at_period_end: true, metadata: changeMetadata(context), expand },
            options,
          ),
    );
    return isFailed(changed) ? changed : done(changed);
  },
};

const resumed = z.strictObject({ subscriptionId: z.string() });

export const resumeSubscriptionOrder: Order<z.infer<typeof resumed>, OrderedSubscription> = {
  operation: 'subscription.resume',
  asked: resumed,
  perform: async ({ subscriptionId }, context) => {
    const before = await ownSubscription(context.stripe, context.customerId, subscriptionId);
    if (isFailed(before)) return before;
    // What has ended does not live again; a new subscription is ordered.
    if (isOver(before)) return refused('subscription-ended');
    if (before.status === 'incomplete') return refused('subscription-incomplete');
    const changed = await context.write((client, options) =>
      client.subscriptions.update(
        subscriptionId,
        { cancel_at_period_end: false, metadata: changeMetadata(context), expand },
        options,
      ),
    );
    return isFailed(changed) ? changed : done(changed);
  },
};

function done(subscription: Stripe.Subscription): Performed<OrderedSubscription> {
  return { objectId: subscription.id, answer: shownSubscription(subscription) };
}

@Injectable()
export class CancelSubscription {
  constructor(
    private readonly placeOrder: PlaceOrder,
    private readonly customers: Customers,
    private readonly stripe: StripeApi,
    private readonly clock: Clock,
  ) {}

  /** At once, for good, asks for a recent proof of identity: the last one sets the deadlines of deletion going (P31). */
  async cancel(
    caller: Caller,
    subscriptionId: string,
    { at }: z.output<typeof cancellation>,
    key: string | undefined,
  ): Promise<OrderedSubscription | OrderRejection> {
    if (at === 'now') assertRecentlyAuthenticated(caller, this.clock.now());
    return (
      (await this.notOwn(caller, subscriptionId)) ??
      this.placeOrder.place(caller, cancelSubscriptionOrder, { subscriptionId, at }, key)
    );
  }

  /** Takes a cancellation back before the period ends. */
  async resume(caller: Caller, subscriptionId: string): Promise<OrderedSubscription | OrderRejection> {
    return (
      (await this.notOwn(caller, subscriptionId)) ??
      this.placeOrder.place(caller, resumeSubscriptionOrder, { subscriptionId }, undefined)
    );
  }

  /** Asked before an intent is opened: what is not there uses up no Idempotency-Key. */
  private async notOwn(caller: Caller, subscriptionId: string): Promise<OrderRejection | null> {
    const organizationId = organizationOf(caller);
    const customerId = await this.customers.find(organizationId);
    if (customerId === undefined) return { rejected: 'not-found' };
    const own = await ownSubscription(this.stripe.for(organizationId), customerId, subscriptionId);
    return isFailed(own) && own.failed === 'refused' ? { rejected: own.reason } : null;
  }
}
