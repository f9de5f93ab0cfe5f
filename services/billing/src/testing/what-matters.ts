import { livenessOf } from '../subscription/subscription.decider.js';
import type { StripeObject } from '../observation/stripe-object.js';
import type { History } from './history.js';
import { stripeAt } from './deliveries.js';
import type { followed } from './follow-history.js';

type BillingEvent = ReturnType<typeof followed>[number];

/** What must be the same however a history was delivered: the last state of each object, T0, and what happened once and for all. */
interface WhatMatters {
  readonly objects: Readonly<Record<string, unknown>>;
  readonly allEndedAt: string | null;
  readonly facts: readonly string[];
}

/** By what was published and recorded. */
export function whatMatters(events: readonly BillingEvent[]): WhatMatters {
  const objects: Record<string, unknown> = {};
  let allEndedAt: string | null = null;
  const facts: string[] = [];
  for (const event of events) {
    switch (event.type) {
      case 'subscription-observed':
        objects[event.data.subscriptionId] = event.data.content;
        break;
      case 'invoice-observed':
        objects[event.data.invoiceId] = event.data.content;
        break;
      case 'payment-method-observed':
        objects[event.data.paymentMethodId] = event.data.content;
        break;
      case 'payment-exception-observed':
        objects[event.data.exceptionId] = event.data.content;
        break;
      case 'stripe-customer-observed':
        objects[event.data.customerId] = event.data.content;
        break;
      case 'all-subscriptions-ended':
        allEndedAt = event.data.endedAt;
        break;
      case 'subscription-resumed':
        allEndedAt = null;
        break;
      default:
        facts.push(...onceAndForAll(event));
    }
  }
  return { objects: sorted(objects), allEndedAt, facts: facts.sort() };
}

/** The same by what is at Stripe at the end. */
export function whatStripeSays(history: History): WhatMatters {
  const stripe = [...stripeAt(history, Number.POSITIVE_INFINITY).values()];
  const subscriptions = stripe.flatMap((one) => (one.type === 'subscription' ? [one] : []));
  const everLive = subscriptions.filter(({ id }) =>
    history.steps.some(({ objects }) =>
      objects.some(
        (object) =>
          object.id === id && object.type === 'subscription' && livenessOf(object.content) !== 'never',
      ),
    ),
  );
  const ends = everLive.flatMap(({ content }) =>
    content.status === 'canceled' && content.endedAt ? [content.endedAt] : [],
  );
  return {
    objects: sorted(Object.fromEntries(stripe.map(({ id, content }) => [id, content]))),
    allEndedAt: ends.length > 0 && ends.length === everLive.length ? (ends.sort().at(-1) ?? null) : null,
    facts: [
      ...everLive.flatMap(({ id, content }) => [
        `subscription-started ${id} ${content.startedAt}`,
        ...(content.status === 'canceled' ? [`subscription-ended ${id} ${content.endedAt}`] : []),
      ]),
      ...stripe.flatMap(expectedFacts),
    ].sort(),
  };
}

function expectedFacts(object: StripeObject): string[] {
  const { id } = object;
  switch (object.type) {
    case 'subscription':
      return [];
    case 'invoice': {
      const { finalizedAt, paidAt, voidedAt, markedUncollectibleAt } = object.content;
      return [
        ...(finalizedAt ? [`invoice-finalized ${id} ${finalizedAt}`] : []),
        ...(paidAt ? [`invoice-paid ${id} ${paidAt}`] : []),
        ...(voidedAt ? [`invoice-voided ${id} ${voidedAt}`] : []),
        ...(markedUncollectibleAt ? [`invoice-marked-uncollectible ${id} ${markedUncollectibleAt}`] : []),
      ];
    }
    case 'payment_method':
      return [
        `payment-method-attached ${id}`,
        ...(object.content.customerId === null ? [`payment-method-detached ${id}`] : []),
      ];
    case 'refund':
      return [
        `refund-created ${id}`,
        ...(['failed', 'canceled'].includes(object.content.status) ? [`refund-failed ${id}`] : []),
      ];
    case 'credit_note':
      return [
        `credit-note-issued ${id}`,
        ...(object.content.status === 'void' ? [`credit-note-voided ${id}`] : []),
      ];
    case 'dispute':
      return [
        `dispute-opened ${id}`,
        ...(['won', 'lost'].includes(object.content.status) ? [`dispute-closed ${id}`] : []),
      ];
    case 'early_fraud_warning':
      return [`early-fraud-warning-received ${id}`];
    case 'customer':
      return object.content.isDeleted ? [`customer-deleted ${id}`] : [];
    case 'setup_intent':
    case 'payment_intent':
      return [];
  }
}

function onceAndForAll(event: BillingEvent): string[] {
  switch (event.type) {
    case 'subscription-started':
      return [`${event.type} ${event.data.subscriptionId} ${event.data.startedAt}`];
    case 'subscription-ended':
      return [`${event.type} ${event.data.subscriptionId} ${event.data.endedAt}`];
    case 'invoice-finalized':
      return [`${event.type} ${event.data.invoiceId} ${event.data.finalizedAt}`];
    case 'invoice-paid':
      return [`${event.type} ${event.data.invoiceId} ${event.data.paidAt}`];
    case 'invoice-voided':
      return [`${event.type} ${event.data.invoiceId} ${event.data.voidedAt}`];
    case 'invoice-marked-uncollectible':
      return [`${event.type} ${event.data.invoiceId} ${event.data.markedAt}`];
    case 'payment-method-attached':
    case 'payment-method-detached':
      return [`${event.type} ${event.data.paymentMethodId}`];
    case 'refund-created':
    case 'refund-failed':
    case 'credit-note-issued':
    case 'credit-note-voided':
    case 'dispute-opened':
    case 'dispute-closed':
    case 'early-fraud-warning-received':
      return [`${event.type} ${event.data.exceptionId}`];
    case 'customer-deleted':
      return [`${event.type} ${event.data.customerId}`];
    default:
      return [];
  }
}

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A payment method that was detached before we first looked is nobody's: Stripe does not say whose it was. */
export function seenOf(
  { objects, facts, allEndedAt }: WhatMatters,
  events: readonly BillingEvent[],
): WhatMatters {
  const seen = new Set(
    events.flatMap((one) => (one.type === 'payment-method-observed' ? [one.data.paymentMethodId] : [])),
  );
  const isSeen = (id: string) => !id.startsWith('pm_') || seen.has(id);
  return {
    allEndedAt,
    objects: Object.fromEntries(Object.entries(objects).filter(([id]) => isSeen(id))),
    facts: facts.filter((fact) => isSeen(fact.split(' ')[1] ?? '')),
  };
}

/** Cards are sealed in what is stored. */
export function withoutCards(matters: WhatMatters): unknown {
  return JSON.parse(JSON.stringify(matters, (name, value: unknown) => (name === 'card' ? null : value)));
}
