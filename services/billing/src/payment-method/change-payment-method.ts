import { Injectable } from '@nestjs/common';
import type { Caller } from '@vouchsafe/service-host';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { CustomerRow } from '../customer/customer.entity.js';
import type { OrderRejection } from '../intent/carry-out.js';
import type { Order, Performing } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { storedNames } from '../stored-names.js';
import { isFailed, outcomeUnknown, refused, type StripeFailure } from '../stripe/stripe-failure.js';
import { idOf } from '../stripe/written.js';

const asked = z.strictObject({ paymentMethodId: z.string() });
type Asked = z.infer<typeof asked>;

export const makeDefaultOrder: Order<Asked, Asked> = {
  operation: 'payment-method.make-default',
  asked,
  perform: async ({ paymentMethodId }, context) => {
    const { stripe, write, customerId } = context;
    const method = await stripe.read((client, options) =>
      client.paymentMethods.retrieve(paymentMethodId, {}, options),
    );
    if (isFailed(method)) return method;
    if (!method.customer || idOf(method.customer) !== customerId) return refused('not-found');
    const changed = await write((client, options) =>
      client.customers.update(
        customerId,
        { invoice_settings: { default_payment_method: paymentMethodId } },
        options,
      ),
    );
    if (isFailed(changed)) return changed;
    const left = await payByDefault(context);
    return left ? outcomeUnknown(left) : { objectId: paymentMethodId, answer: { paymentMethodId } };
  },
};

/**
 * A subscription that names a card, as Checkout makes it, would be paid by that one for ever. The default is changed already: a subscription
 * that Stripe refuses to change keeps its card, and the order is carried out.
 * @returns why Stripe did not answer
 */
async function payByDefault(context: Performing): Promise<StripeFailure | undefined> {
  const { stripe, write, customerId } = context;
  const listed = await stripe.read(async (client, options) => {
    const naming: Stripe.Subscription[] = [];
    for await (const one of client.subscriptions.list({ customer: customerId, limit: 100 }, options))
      if (one.default_payment_method && one.status !== 'incomplete') naming.push(one);
    return naming;
  });
  if (isFailed(listed)) return listed;
  // The oldest first: of several that name one card, it is the one whose order saved it.
  for (const subscription of listed.toReversed()) {
    const unkept = await keepWhoSavedCard(subscription, context);
    if (unkept?.failed === 'refused') continue;
    if (unkept) return unkept;
    const { id } = subscription;
    const unset = await write(
      (client, options) => client.subscriptions.update(id, { default_payment_method: '' }, options),
      id,
    );
    if (isFailed(unset) && unset.failed === 'unavailable') return unset;
  }
  return undefined;
}

/** Whose order saved the card must stay known for an erasure (P10), and only the subscription says it. @returns why it may not be */
async function keepWhoSavedCard(
  { default_payment_method: named, metadata }: Stripe.Subscription,
  { stripe, write }: Performing,
): Promise<StripeFailure | undefined> {
  const intent = metadata[storedNames.intent];
  if (intent === undefined || !named) return undefined;
  const cardId = idOf(named);
  const card = await stripe.read((client, options) => client.paymentMethods.retrieve(cardId, {}, options));
  if (isFailed(card)) return isGone(card) ? undefined : card;
  if (!card.customer || card.metadata?.[storedNames.intent] !== undefined) return undefined;
  const kept = await write(
    (client, options) =>
      client.paymentMethods.update(cardId, { metadata: { [storedNames.intent]: intent } }, options),
    cardId,
  );
  return isFailed(kept) ? kept : undefined;
}

function isGone(failure: StripeFailure): boolean {
  return failure.failed === 'refused' && failure.reason === 'not-found';
}

export const detachOrder: Order<Asked, Asked> = {
  operation: 'payment-method.detach',
  asked,
  perform: async ({ paymentMethodId }, { stripe, write, customerId }) => {
    const method = await stripe.read((client, options) =>
      client.paymentMethods.retrieve(paymentMethodId, {}, options),
    );
    if (isFailed(method)) return method;
    // One that is nobody's may be so by this very order: Stripe says so by the key.
    if (method.customer && idOf(method.customer) !== customerId) return refused('not-found');
    const detached = await write((client, options) =>
      client.paymentMethods.detach(paymentMethodId, {}, options),
    );
    if (!isFailed(detached)) return { objectId: paymentMethodId, answer: { paymentMethodId } };
    return detached.failed === 'refused' && !method.customer ? refused('not-found') : detached;
  },
};

@Injectable()
export class ChangePaymentMethod {
  constructor(private readonly placeOrder: PlaceOrder) {}

  makeDefault(caller: Caller, paymentMethodId: string): Promise<Asked | OrderRejection> {
    return this.placeOrder.place(caller, makeDefaultOrder, { paymentMethodId }, undefined, requireCustomer);
  }

  detach(caller: Caller, paymentMethodId: string): Promise<Asked | OrderRejection> {
    return this.placeOrder.place(caller, detachOrder, { paymentMethodId }, undefined, requireCustomer);
  }
}

/** For what only a customer can have: whoever is none yet does not become one by naming an id. */
async function requireCustomer(unit: UnitOfWork): Promise<{ readonly rejected: 'not-found' } | null> {
  const entityManager = await unit.entityManager();
  const { organizationId } = unit;
  return (await entityManager.findOne(CustomerRow, { organizationId, replacedAt: null }))
    ? null
    : { rejected: 'not-found' };
}
