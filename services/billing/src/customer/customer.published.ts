import { billingFacts, type Fact, publication } from '@vouchsafe/contracts';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { CustomerEvent } from './customer.events.js';

export function publishCustomer(event: RecordedEvent<CustomerEvent>): readonly Fact[] {
  if (event.type !== 'customer-created') return [];
  const { organizationId, customerId } = event.data as Extract<
    CustomerEvent,
    { type: 'customer-created' }
  >['data'];
  const { actor, occurredAt, requestId } = event.envelope;
  return [
    publication(billingFacts.customerCreated, {
      ...{ organizationId, customerId, actor, requestId },
      occurredAt: occurredAt.toISOString(),
    }),
  ];
}
