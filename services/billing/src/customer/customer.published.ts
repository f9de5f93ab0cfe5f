import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { CustomerEvent } from './customer.events.js';

export function publishCustomer(event: RecordedEvent<CustomerEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'customer-details-changed':
      return [];
    case 'customer-created':
      return factOf(billingFacts.customerCreated, event);
    default:
      return unreachable(type);
  }
}
