import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { SubscriptionEvent } from './subscription.events.js';

export function publishSubscription(event: RecordedEvent<SubscriptionEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'subscription-observed':
      return [];
    case 'subscription-started':
      return factOf(billingFacts.subscriptionStarted, event);
    case 'subscription-changed':
      return factOf(billingFacts.subscriptionChanged, event);
    case 'subscription-ended':
      return factOf(billingFacts.subscriptionEnded, event);
    default:
      return unreachable(type);
  }
}
