import { Injectable } from '@nestjs/common';
import type { Caller } from '@vouchsafe/service-host';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import { madeByOrder, type Order, type Performed, type Performing } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { PriceCatalog, type PriceRejection } from '../price/price-catalog.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { returnUrl, ReturnUrls } from '../stripe/return-url.js';
import { chosenPrice } from '../price/chosen-price.js';
import { timeOf } from '../stripe/written.js';
import { inOtherCurrency } from '../subscription/why-refused.js';

const back = { successUrl: returnUrl, cancelUrl: returnUrl };

export const newCheckoutSession = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('setup').describe('Save a card'), ...back }),
    z.strictObject({
      mode: z.literal('subscription').describe('Subscribe and pay'),
      ...chosenPrice,
      ...back,
    }),
  ])
  .meta({
    id: 'NewCheckoutSession',
    examples: [
      {
        mode: 'subscription',
        priceId: 'price_1Pq2xK2eZvKYlo2C',
        quantity: 3,
        successUrl: 'https://app.example.com/billing/paid',
        cancelUrl: 'https://app.example.com/billing',
      },
    ],
  });
type NewCheckoutSession = z.output<typeof newCheckoutSession>;

export const checkoutSession = z
  .strictObject({
    checkoutSessionId: z.string(),
    url: z
      .url()
      .describe(
        'URL of Stripe’s page; redirect the person to it. It is returned only to the person who ordered it, and not stored.',
      ),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'CheckoutSession' });
type CheckoutSession = z.infer<typeof checkoutSession>;

export const checkoutSessionOrder: Order<NewCheckoutSession, CheckoutSession> = {
  operation: 'checkout-session.create',
  asked: newCheckoutSession,
  perform: async (asked, context) => {
    const made = await context.write((client, options) =>
      client.checkout.sessions.create(parametersOf(asked, context), options),
    );
    if (!isFailed(made)) return performed(made);
    return asked.mode === 'setup' ? made : inOtherCurrency(made, context, asked.priceId);
  },
  find: async (_, context) => {
    const found = await madeByOrder(context, (client, options) =>
      client.checkout.sessions.list(
        { customer: context.customerId, created: { gte: context.since }, limit: 100 },
        options,
      ),
    );
    return found === undefined || isFailed(found) ? found : performed(found);
  },
};

function parametersOf(
  asked: NewCheckoutSession,
  { customerId, metadata }: Performing,
): Stripe.Checkout.SessionCreateParams {
  const common = {
    customer: customerId,
    success_url: asked.successUrl,
    cancel_url: asked.cancelUrl,
    metadata: { ...metadata },
  };
  if (asked.mode === 'setup')
    return {
      ...common,
      mode: 'setup',
      allowed_payment_method_types: ['card'],
      setup_intent_data: { metadata: { ...metadata } },
    };
  return {
    ...common,
    mode: 'subscription',
    line_items: [{ price: asked.priceId, quantity: asked.quantity }],
    subscription_data: { metadata: { ...metadata } },
  };
}

function performed({ id, url, expires_at }: Stripe.Checkout.Session): Performed<CheckoutSession> {
  // A session that was completed or has expired has no page any more.
  if (url === null) return { objectId: id, answer: { rejected: 'expired' } };
  return {
    objectId: id,
    answer: { checkoutSessionId: id, url, expiresAt: timeOf(expires_at) },
  };
}

export type CheckoutRejection =
  PriceRejection | { readonly rejected: 'success-url-not-allowed' | 'cancel-url-not-allowed' };

@Injectable()
export class CreateCheckoutSession {
  constructor(
    private readonly placeOrder: PlaceOrder,
    private readonly prices: PriceCatalog,
    private readonly returnUrls: ReturnUrls,
  ) {}

  create(
    caller: Caller,
    asked: NewCheckoutSession,
    key: string | undefined,
  ): Promise<CheckoutSession | OrderRejection | CheckoutRejection> {
    return this.placeOrder.place(caller, checkoutSessionOrder, asked, key, (): CheckoutRejection | null => {
      if (!this.returnUrls.isAllowed(asked.successUrl)) return { rejected: 'success-url-not-allowed' };
      if (!this.returnUrls.isAllowed(asked.cancelUrl)) return { rejected: 'cancel-url-not-allowed' };
      return asked.mode === 'setup' ? null : this.prices.refusal(asked.priceId);
    });
  }
}
