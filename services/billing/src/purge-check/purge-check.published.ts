import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { assertEventType } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { PurgeCheckEvent } from './purge-check.events.js';

export function publishPurgeCheck(event: RecordedEvent<PurgeCheckEvent>): readonly Fact[] {
  assertEventType(event, 'no-live-subscription-found');
  return factOf(billingFacts.noLiveSubscriptionFound, event);
}
