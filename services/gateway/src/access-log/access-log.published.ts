import { gatewayFacts, publication, type Publication } from '@vouchsafe/contracts';
import type { RecordedEvent } from '@vouchsafe/event-store';
import { organizationId } from '@vouchsafe/event-sourcing';
import type { AccessLogEvent } from './access-log.events.js';

/** Every entry leaves, as it is: its place in the stream is its sequence number. */
export function publishEntry(event: RecordedEvent<AccessLogEvent>): readonly Publication[] {
  return [
    publication(gatewayFacts.requestHandled, {
      ...event.data,
      organizationId: organizationId.parse(event.organizationId),
      sequence: event.version,
    }),
  ];
}
