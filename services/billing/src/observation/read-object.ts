import { Injectable } from '@nestjs/common';
import { Clock } from '@vouchsafe/service-host';
import type { Stripe } from 'stripe';
import { accountSubscription } from '../account/account.decider.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, type StripeFailure } from '../stripe/stripe-failure.js';
import type { ObjectId } from '../webhook/webhook-event.js';
import {
  creditNoteOf,
  disputeOf,
  earlyFraudWarningOf,
  invoiceOf,
  paymentMethodOf,
  paymentIntentOf,
  refundOf,
  setupIntentOf,
  stripeCustomerOf,
  subscriptionOf,
} from './content-of.js';
import type { StripeObject } from './stripe-object.js';

export interface ReadObject {
  readonly object: StripeObject;
  /** Where a subscription has ended, the others of its customer: only then is it known whether it was the last. */
  readonly others: readonly StripeObject[];
  /** Before Stripe was asked. */
  readonly fetchedAt: Date;
}

/** Asks Stripe what an object is like now. No transaction may be open meanwhile. */
@Injectable()
export class ReadStripeObject {
  constructor(
    private readonly stripe: StripeApi,
    private readonly clock: Clock,
  ) {}

  async read({ type, id }: ObjectId): Promise<ReadObject | StripeFailure> {
    const fetchedAt = this.clock.now();
    const object = await this.latest(type, id);
    if (isFailed(object)) return object;
    if (object.type !== 'subscription') return { object, others: [], fetchedAt };
    if (accountSubscription(object.id, object.content)?.liveness !== 'ended')
      return { object, others: [], fetchedAt };
    const all = await this.subscriptionsOf(object.content.customerId);
    if (isFailed(all)) return all;
    return { object, others: all.filter((other) => other.id !== id), fetchedAt };
  }

  /** Every subscription that a customer ever had. */
  async subscriptionsOf(customerId: string): Promise<StripeObject[] | StripeFailure> {
    return this.listed(
      (stripe, options) =>
        stripe.subscriptions.list({ customer: customerId, status: 'all', limit: 100 }, options),
      subscriptionOf,
    );
  }

  async invoicesOf(customerId: string): Promise<StripeObject[] | StripeFailure> {
    return this.listed(
      (stripe, options) => stripe.invoices.list({ customer: customerId, limit: 100 }, options),
      invoiceOf,
    );
  }

  async paymentMethodsOf(customerId: string): Promise<StripeObject[] | StripeFailure> {
    return this.listed(
      (stripe, options) => stripe.paymentMethods.list({ customer: customerId, limit: 100 }, options),
      paymentMethodOf,
    );
  }

  async latest(type: ObjectId['type'], id: string): Promise<StripeObject | StripeFailure> {
    const charge = { expand: ['charge'] };
    switch (type) {
      case 'subscription':
        return this.one((stripe, options) => stripe.subscriptions.retrieve(id, {}, options), subscriptionOf);
      case 'invoice':
        return this.one((stripe, options) => stripe.invoices.retrieve(id, {}, options), invoiceOf);
      case 'payment_method':
        return this.one(
          (stripe, options) => stripe.paymentMethods.retrieve(id, {}, options),
          paymentMethodOf,
        );
      case 'customer':
        return this.one((stripe, options) => stripe.customers.retrieve(id, {}, options), stripeCustomerOf);
      case 'refund':
        return this.one((stripe, options) => stripe.refunds.retrieve(id, charge, options), refundOf);
      case 'credit_note':
        return this.one((stripe, options) => stripe.creditNotes.retrieve(id, {}, options), creditNoteOf);
      case 'dispute':
        return this.one((stripe, options) => stripe.disputes.retrieve(id, charge, options), disputeOf);
      case 'early_fraud_warning':
        return this.one(
          (stripe, options) => stripe.radar.earlyFraudWarnings.retrieve(id, charge, options),
          earlyFraudWarningOf,
        );
      case 'setup_intent':
        return this.one((stripe, options) => stripe.setupIntents.retrieve(id, {}, options), setupIntentOf);
      case 'payment_intent':
        return this.one(
          (stripe, options) => stripe.paymentIntents.retrieve(id, {}, options),
          paymentIntentOf,
        );
    }
  }

  private async one<Answer extends object>(
    ask: (stripe: Stripe, options: Stripe.RequestOptions) => Promise<Answer>,
    objectOf: (answer: Answer) => StripeObject,
  ): Promise<StripeObject | StripeFailure> {
    const answer = await this.stripe.background.read(ask);
    // A failure has `failed`, which no object of Stripe has.
    return isFailed(answer) ? answer : objectOf(answer);
  }

  private async listed<Item>(
    list: (stripe: Stripe, options: Stripe.RequestOptions) => AsyncIterable<Item>,
    objectOf: (item: Item) => StripeObject,
  ): Promise<StripeObject[] | StripeFailure> {
    return this.stripe.background.read(async (stripe, options) => {
      const found: StripeObject[] = [];
      for await (const item of list(stripe, options)) found.push(objectOf(item));
      return found;
    });
  }
}
