import { Injectable } from '@nestjs/common';
import type { Caller } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import { madeByOrder, type Order } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { chosenPrice } from '../price/chosen-price.js';
import { PriceCatalog, type PriceRejection } from '../price/price-catalog.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { expand, type OrderedSubscription, shownSubscription } from './subscription-view.js';
import { inOtherCurrency, withoutPaymentMethod } from './why-refused.js';

export const newSubscription = z
  .strictObject({
    ...chosenPrice,
    paymentMethodId: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be the id of a payment method')
      .optional()
      .describe(
        'A saved card; by default the customer’s default card. Without either: 422 `no-payment-method`',
      ),
  })
  .meta({
    id: 'NewSubscription',
    examples: [{ priceId: 'price_1Pq2xK2eZvKYlo2C', quantity: 3, paymentMethodId: 'pm_1Pq2yA2eZvKYlo2C' }],
  });
type NewSubscription = z.output<typeof newSubscription>;

export const createSubscriptionOrder: Order<NewSubscription, OrderedSubscription> = {
  operation: 'subscription.create',
  asked: newSubscription,
  perform: async ({ priceId, quantity, paymentMethodId }, context) => {
    const { customerId, metadata } = context;
    const made = await context.write((client, options) =>
      client.subscriptions.create(
        {
          customer: customerId,
          items: [{ price: priceId, quantity }],
          ...(paymentMethodId !== undefined && { default_payment_method: paymentMethodId }),
          // A payment that is declined or needs the person leaves it `incomplete`: a value, not an error.
          payment_behavior: 'allow_incomplete',
          metadata: { ...metadata },
          expand,
        },
        options,
      ),
    );
    if (!isFailed(made)) return { objectId: made.id, answer: shownSubscription(made) };
    const why = await inOtherCurrency(made, context, priceId);
    return paymentMethodId === undefined ? withoutPaymentMethod(why, context) : why;
  },
  find: async (_, context) => {
    const found = await madeByOrder(context, (client, options) =>
      client.subscriptions.list(
        {
          customer: context.customerId,
          status: 'all',
          created: { gte: context.since },
          limit: 100,
          expand: expand.map((one) => `data.${one}`),
        },
        options,
      ),
    );
    if (found === undefined || isFailed(found)) return found;
    return { objectId: found.id, answer: shownSubscription(found) };
  },
};

@Injectable()
export class CreateSubscription {
  constructor(
    private readonly placeOrder: PlaceOrder,
    private readonly prices: PriceCatalog,
  ) {}

  create(
    caller: Caller,
    asked: NewSubscription,
    key: string | undefined,
  ): Promise<OrderedSubscription | OrderRejection | PriceRejection> {
    return this.placeOrder.place(caller, createSubscriptionOrder, asked, key, () =>
      this.prices.refusal(asked.priceId),
    );
  }
}
