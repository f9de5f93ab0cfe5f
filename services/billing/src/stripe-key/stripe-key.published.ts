import { billingFacts, type Fact, publication } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { StripeKeyUseEvent } from './stripe-key-use.events.js';
import type { StripeKeyEvent } from './stripe-key.events.js';

export function publishStripeKey(recorded: RecordedEvent<StripeKeyEvent>): readonly Fact[] {
  // A recorded event has the type and data of the domain event that it records.
  const event = recorded as unknown as StripeKeyEvent;
  switch (event.type) {
    case 'stripe-key-set': {
      const { lastFour } = event.data;
      return [publication(billingFacts.stripeKeySet, { ...baseOf(recorded), lastFour })];
    }
    case 'stripe-key-removed':
      return [publication(billingFacts.stripeKeyRemoved, baseOf(recorded))];
    default:
      return unreachable(event);
  }
}

export function publishStripeKeyUse(event: RecordedEvent<StripeKeyUseEvent>): readonly Fact[] {
  return [publication(billingFacts.stripeKeyUsed, { ...baseOf(event), read: event.data.read })];
}

function baseOf({ data, envelope }: RecordedEvent<StripeKeyEvent | StripeKeyUseEvent>) {
  const { actor, occurredAt, requestId } = envelope;
  return { organizationId: data.organizationId, actor, occurredAt: occurredAt.toISOString(), requestId };
}
