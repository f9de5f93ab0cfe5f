import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { AccountEvent } from './account.events.js';

export function publishAccount(event: RecordedEvent<AccountEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'account-subscription-live':
    case 'account-subscription-ended':
      return [];
    case 'all-subscriptions-ended':
      return factOf(billingFacts.allSubscriptionsEnded, event);
    case 'subscription-resumed':
      return factOf(billingFacts.subscriptionResumed, event);
    default:
      return unreachable(type);
  }
}
