import { type Fact, factOf, lifecycleFacts } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { ReturnEvent } from './return.events.js';

export function publishReturn(event: RecordedEvent<ReturnEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'return-requested':
      return factOf(lifecycleFacts.returnRequested, event);
    case 'return-ready':
      return factOf(lifecycleFacts.returnReady, event);
    case 'return-deleted':
      return factOf(lifecycleFacts.returnDeleted, event);
    case 'return-of-person-requested':
    case 'return-of-person-ready':
    case 'return-begun':
    case 'return-attempt-failed':
      return [];
    default:
      return unreachable(type);
  }
}
