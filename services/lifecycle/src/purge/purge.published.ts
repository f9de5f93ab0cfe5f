import { type Fact, factOf, lifecycleFacts } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { PurgeEvent } from './purge.events.js';

export function publishPurge(event: RecordedEvent<PurgeEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'purge-requested':
      return factOf(lifecycleFacts.organizationErasureRequested, event);
    case 'production-erased':
      return factOf(lifecycleFacts.organizationErasedFromProduction, event);
    case 'purge-begun':
    case 'purge-receipt-received':
      return [];
    default:
      return unreachable(type);
  }
}
