import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { StripeCustomerEvent } from './stripe-customer.events.js';

export function publishStripeCustomer(event: RecordedEvent<StripeCustomerEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'stripe-customer-observed':
      return [];
    case 'default-payment-method-changed':
      return factOf(billingFacts.defaultPaymentMethodChanged, event);
    case 'customer-deleted':
      return factOf(billingFacts.customerDeleted, event);
    default:
      return unreachable(type);
  }
}
