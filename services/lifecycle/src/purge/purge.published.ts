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
    case 'purge-receipt-received':
      return factOf(lifecycleFacts.organizationErasureReceiptReceived, event);
    case 'backups-expired':
      return factOf(lifecycleFacts.organizationErasedFromBackups, event);
    case 'deletion-certified':
      return factOf(lifecycleFacts.deletionCertified, event);
    case 'purge-begun':
      return [];
    default:
      return unreachable(type);
  }
}
