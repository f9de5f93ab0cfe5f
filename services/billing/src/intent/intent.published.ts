import { billingFacts, type Contract, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
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
} as const satisfies Record<OrderName, Contract>;

/** An order is a fact once Stripe has taken it on; its actor is the person who gave it, whoever carried it out. */
export function publishIntent(recorded: RecordedEvent<IntentEvent>): readonly Fact[] {
  // A recorded event has the type and data of the domain event that it records.
  const event = recorded as unknown as IntentEvent;
  switch (event.type) {
    case 'intent-opened':
    case 'intent-set-aside':
    case 'intent-taken-up':
    case 'intent-refused':
      return [];
    case 'intent-completed': {
      const { operation, ...data } = event.data;
      return factOf(contracts[operation], { ...recorded, data });
    }
    default:
      return unreachable(event);
  }
}
