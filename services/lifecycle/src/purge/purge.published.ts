import { type Fact, factOf, lifecycleFacts } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { PurgeEvent } from './purge.events.js';

export function publishPurge(event: RecordedEvent<PurgeEvent>): readonly Fact[] {
  const { type, data, organizationId } = event;
  // The facts are the operator's, whose stream it is.
  const said = { ...event, data: { ...data, organizationId } };
  switch (type) {
    case 'purge-requested':
      return factOf(lifecycleFacts.organizationErasureRequested, said);
    case 'production-erased':
      return factOf(lifecycleFacts.organizationErasedFromProduction, said);
    case 'purge-receipt-received':
      return factOf(lifecycleFacts.organizationErasureReceiptReceived, said);
    case 'backups-expired':
      return factOf(lifecycleFacts.organizationErasedFromBackups, said);
    case 'deletion-certified':
      return factOf(lifecycleFacts.deletionCertified, said);
    case 'purge-begun':
      return [];
    default:
      return unreachable(type);
  }
}
