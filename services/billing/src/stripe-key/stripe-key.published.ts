import { billingFacts, type Contract, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { StripeKeyUseEvent } from './stripe-key-use.events.js';
import type { StripeKeyEvent } from './stripe-key.events.js';

export function publishStripeKey(recorded: RecordedEvent<StripeKeyEvent>): readonly Fact[] {
  // A recorded event has the type and data of the domain event that it records.
  const event = recorded as unknown as StripeKeyEvent;
  switch (event.type) {
    case 'stripe-key-set': {
      const { organizationId, lastFour } = event.data;
      return factOf(billingFacts.stripeKeySet, { ...recorded, data: { organizationId, lastFour } });
    }
    case 'stripe-key-removed':
      return factOf(billingFacts.stripeKeyRemoved, recorded);
    default:
      return unreachable(event);
  }
}

const uses = {
  'stripe-key-used': billingFacts.stripeKeyUsed,
} as const satisfies Record<StripeKeyUseEvent['type'], Contract>;

export function publishStripeKeyUse(event: RecordedEvent<StripeKeyUseEvent>): readonly Fact[] {
  return factOf(uses[event.type], event);
}
