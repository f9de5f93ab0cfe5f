import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { PaymentMethodEvent } from './payment-method.events.js';

export function publishPaymentMethod(event: RecordedEvent<PaymentMethodEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'payment-method-observed':
      return [];
    case 'payment-method-attached':
      return factOf(billingFacts.paymentMethodAttached, event);
    case 'payment-method-changed':
      return factOf(billingFacts.paymentMethodChanged, event);
    case 'payment-method-detached':
      return factOf(billingFacts.paymentMethodDetached, event);
    default:
      return unreachable(type);
  }
}
