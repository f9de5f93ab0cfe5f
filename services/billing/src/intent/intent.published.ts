import { billingFacts, type Fact, publication } from '@vouchsafe/contracts';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { IntentEvent, OrderName } from './intent.events.js';

const contracts = {
  'customer.change': billingFacts.customerChanged,
  'checkout-session.create': billingFacts.checkoutSessionCreated,
  'setup-intent.create': billingFacts.setupIntentCreated,
  'portal-session.create': billingFacts.portalSessionCreated,
  'subscription.create': billingFacts.subscriptionRequested,
  'subscription.change': billingFacts.subscriptionChangeRequested,
  'subscription.cancel': billingFacts.subscriptionCancellationRequested,
  'subscription.resume': billingFacts.subscriptionResumptionRequested,
  'payment-method.make-default': billingFacts.defaultPaymentMethodRequested,
  'payment-method.detach': billingFacts.paymentMethodDetachmentRequested,
} as const satisfies Record<OrderName, object>;

/** An order is a fact once Stripe has taken it on; its actor is the person who gave it, whoever carried it out. */
export function publishIntent({ type, data, envelope }: RecordedEvent<IntentEvent>): readonly Fact[] {
  if (type !== 'intent-completed') return [];
  const { organizationId, intentId, operation, customerId, objectId } = data as Extract<
    IntentEvent,
    { type: 'intent-completed' }
  >['data'];
  const { actor, occurredAt, requestId } = envelope;
  return [
    publication(contracts[operation], {
      ...{ organizationId, actor, requestId, intentId, customerId, objectId },
      occurredAt: occurredAt.toISOString(),
    }),
  ];
}
