import { type Fact, billingFacts, publication } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { BillingEvent } from './billing.events.js';

export function publishBilling({ type, data, envelope }: RecordedEvent<BillingEvent>): readonly Fact[] {
  const { actor, occurredAt, requestId } = envelope;
  const fact = { actor, occurredAt: occurredAt.toISOString(), requestId, ...data };
  switch (type) {
    case 'billing-created':
      return [publication(billingFacts.billingCreated, fact)];
    case 'billing-retired':
      return [publication(billingFacts.billingRetired, fact)];
    default:
      return unreachable(type);
  }
}
