import { type Fact, factOf, lifecycleFacts } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { TerminationEvent } from './termination.events.js';

export function publishTermination(event: RecordedEvent<TerminationEvent>): readonly Fact[] {
  const { type } = event;
  switch (type) {
    case 'organization-deactivated':
      return factOf(lifecycleFacts.organizationDeactivated, event);
    case 'termination-moved':
      return factOf(lifecycleFacts.terminationMoved, event);
    case 'organization-reactivated':
      return factOf(lifecycleFacts.organizationReactivated, event);
    case 'termination-notice-due':
      return factOf(lifecycleFacts.terminationNoticeDue, event);
    case 'purge-proposed':
      return factOf(lifecycleFacts.purgeProposed, event);
    case 'purge-committed':
    case 'subscription-became-live':
    case 'termination-notice-sent':
      return [];
    default:
      return unreachable(type);
  }
}
