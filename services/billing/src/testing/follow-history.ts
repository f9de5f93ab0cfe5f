import { type Decider, type DomainEvent, fold, isRejected, organizationId } from '@vouchsafe/event-sourcing';
import { account, accountSubscription } from '../account/account.decider.js';
import type { AccountEvent } from '../account/account.events.js';
import { invoice } from '../invoice/invoice.decider.js';
import type { InvoiceEvent } from '../invoice/invoice.events.js';
import type { Observation } from '../observation/observation.js';
import { paymentException } from '../payment-exception/payment-exception.decider.js';
import type { PaymentExceptionEvent } from '../payment-exception/payment-exception.events.js';
import { paymentMethod } from '../payment-method/payment-method.decider.js';
import type { PaymentMethodEvent } from '../payment-method/payment-method.events.js';
import { stripeCustomer } from '../stripe-customer/stripe-customer.decider.js';
import type { StripeCustomerEvent } from '../stripe-customer/stripe-customer.events.js';
import { subscription } from '../subscription/subscription.decider.js';
import type { SubscriptionEvent } from '../subscription/subscription.events.js';
import { deliveriesOf, stripeAt, type Weather } from './deliveries.js';
import type { StripeObject } from '../observation/stripe-object.js';
import { type History, timeOf } from './history.js';

type BillingEvent =
  | SubscriptionEvent
  | InvoiceEvent
  | PaymentMethodEvent
  | PaymentExceptionEvent
  | StripeCustomerEvent
  | AccountEvent;

const organization = organizationId.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');

/** The streams of one organization, in memory: what the worker does, without a database and without Stripe. */
class Streams {
  private readonly streams = new Map<string, BillingEvent[]>();
  readonly events: BillingEvent[] = [];

  observe(
    read: StripeObject,
    others: readonly StripeObject[],
    source: Observation['source'],
    at: number,
  ): void {
    const observation = {
      organizationId: organization,
      source,
      eventId: null,
      apiVersion: 'test',
      contentHash: JSON.stringify(read.content),
      fetchedAt: timeOf(at),
    };
    const { id } = read;
    switch (read.type) {
      case 'subscription':
        this.decide(subscription, id, { type: 'observe', id, observation, content: read.content });
        this.decide(account, organization, {
          type: 'observe',
          organizationId: organization,
          source,
          subscriptions: [read, ...others].flatMap((one) =>
            one.type === 'subscription' ? (accountSubscription(one.id, one.content) ?? []) : [],
          ),
        });
        break;
      case 'invoice':
        this.decide(invoice, id, { type: 'observe', id, observation, content: read.content });
        break;
      case 'payment_method':
        this.decide(paymentMethod, id, { type: 'observe', id, observation, content: read.content });
        break;
      case 'refund':
      case 'credit_note':
      case 'dispute':
      case 'early_fraud_warning':
        this.decide(paymentException, id, { type: 'observe', id, observation, content: read.content });
        break;
      case 'customer':
        this.decide(stripeCustomer, id, { type: 'observe', id, observation, content: read.content });
        break;
      case 'setup_intent':
      case 'payment_intent':
        throw new Error('No history has an intent');
    }
  }

  private decide<State, Command, Event extends BillingEvent & DomainEvent>(
    decider: Decider<State, Command, Event, { readonly rejected: string }>,
    stream: string,
    command: Command,
  ): void {
    const known = (this.streams.get(stream) ?? []) as Event[];
    const decision = decider.decide(fold(decider, known), command);
    if (isRejected(decision)) throw new Error(decision.rejected);
    this.streams.set(stream, [...known, ...decision]);
    this.events.push(...decision);
  }
}

/** What came of a history: every event in the order in which it was appended. */
export function followed(history: History, weather: Weather, seed: number): readonly BillingEvent[] {
  const streams = new Streams();
  const last = history.steps.at(-1)?.at ?? 0;
  for (const { at, objectId, readAt } of deliveriesOf(history, weather, seed)) {
    const stripe = stripeAt(history, readAt);
    const read = stripe.get(objectId);
    if (!read) throw new Error(`An event about ${objectId}, which is not there`);
    streams.observe(read, endedThenOthers(read, stripe), 'webhook', at);
  }
  reconcile(streams, stripeAt(history, Number.POSITIVE_INFINITY), last + 4 * 86_400);
  return streams.events;
}

function reconcile(streams: Streams, stripe: ReadonlyMap<string, StripeObject>, at: number): void {
  for (const object of stripe.values())
    streams.observe(object, endedThenOthers(object, stripe), 'reconciliation', at);
}

/** Where a subscription has ended, the others of its customer are read with it: only then is it known whether it was the last. */
function endedThenOthers(read: StripeObject, stripe: ReadonlyMap<string, StripeObject>): StripeObject[] {
  if (read.type !== 'subscription' || accountSubscription(read.id, read.content)?.liveness !== 'ended')
    return [];
  return [...stripe.values()].filter(({ type, id }) => type === 'subscription' && id !== read.id);
}
