import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, Clock, organizationOf } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import type { Order } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { PriceCatalog, type PriceRejection } from '../price/price-catalog.js';
import { isFailed, refused } from '../stripe/stripe-failure.js';
import { type AgreedChange, agreedChange, changeToken, readToken } from './change-token.js';
import { idOf } from '../stripe/written.js';
import { changeMetadata, isChangedBy, ownSubscription } from './own-subscription.js';
import { expand, type OrderedSubscription, shownSubscription } from './subscription-view.js';
import { withoutPaymentMethod } from './why-refused.js';

export const subscriptionChange = z.strictObject({ token: changeToken }).meta({
  id: 'SubscriptionChange',
  examples: [
    { token: 'eyJvcmdhbml6YXRpb25JZCI6IjViMGM3Y2JkLTZi.UNhY4JhezH9gQYqvDMWrWH9CwlcKiECVqejMrND2VFw' },
  ],
});

export type ChangeRejection = PriceRejection | { readonly rejected: 'not-our-token' | 'token-expired' };

export const changeSubscriptionOrder: Order<AgreedChange, OrderedSubscription> = {
  operation: 'subscription.change',
  asked: agreedChange,
  // The token, which two people may have.
  isSharedKey: true,
  perform: async (change, context) => {
    const { subscriptionId, itemId, priceId, quantity, from, balance, prorationDate } = change;
    const before = await ownSubscription(context.stripe, context.customerId, subscriptionId);
    if (isFailed(before)) return before;
    // It was carried out; what has changed since is none of its business.
    if (context.isCompleted || isChangedBy(before, context))
      return { objectId: before.id, answer: shownSubscription(before) };
    const item = before.items.data.find(({ id }) => id === itemId);
    const isAsShown = item && idOf(item.price) === from.priceId && (item.quantity ?? 1) === from.quantity;
    if (!isAsShown) return refused('changed-since');
    const customer = await context.stripe.read((client, options) =>
      client.customers.retrieve(context.customerId, {}, options),
    );
    if (isFailed(customer)) return customer;
    // Another change may have used up the credit that was to pay for this one.
    const isCreditAsShown = !customer.deleted && (balance === undefined || customer.balance === balance);
    if (!isCreditAsShown) return refused('changed-since');
    const changed = await context.write((client, options) =>
      client.subscriptions.update(
        subscriptionId,
        {
          items: [{ id: itemId, price: priceId, quantity }],
          proration_behavior: 'always_invoice',
          proration_date: prorationDate,
          // What is not paid is not changed.
          payment_behavior: 'error_if_incomplete',
          metadata: changeMetadata(context),
          expand,
        },
        options,
      ),
    );
    if (!isFailed(changed)) return { objectId: changed.id, answer: shownSubscription(changed) };
    return before.default_payment_method === null ? withoutPaymentMethod(changed, context) : changed;
  },
};

@Injectable()
export class ChangeSubscription {
  constructor(
    private readonly placeOrder: PlaceOrder,
    private readonly prices: PriceCatalog,
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
  ) {}

  /** A token is good for one change: sent again, it is answered the same. */
  async change(
    caller: Caller,
    subscriptionId: string,
    token: string,
  ): Promise<OrderedSubscription | OrderRejection | ChangeRejection> {
    const organizationId = organizationOf(caller);
    const agreed = await this.database.forOrganization(organizationId, (sql) =>
      readToken(this.vault, sql, token),
    );
    // Of another organization: there is no such subscription for the caller.
    if (agreed && agreed.organizationId !== organizationId) return { rejected: 'not-found' };
    if (agreed?.subscriptionId !== subscriptionId) return { rejected: 'not-our-token' };
    const key = createHash('sha256').update(token).digest('base64url');
    return this.placeOrder.place(caller, changeSubscriptionOrder, agreed, key, (): ChangeRejection | null => {
      if (agreed.expiresAt < this.clock.now().getTime()) return { rejected: 'token-expired' };
      return this.prices.refusalOfChange(agreed.from.priceId, agreed.priceId);
    });
  }
}
