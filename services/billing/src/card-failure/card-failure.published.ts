import { billingFacts, type Fact, factOf } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { CardFailureEvent } from './card-failure.events.js';

export function publishCardFailure(event: RecordedEvent<CardFailureEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'card-failure-observed':
      return [];
    case 'card-failures-repeated':
      return factOf(billingFacts.cardFailuresRepeated, event);
    default:
      return unreachable(type);
  }
}
