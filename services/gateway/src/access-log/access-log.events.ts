import { gatewayFacts } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf } from '@vouchsafe/event-sourcing';

/**
 * A gateway process writes a stream each month, `access-log-<month>-<instance id>`. The version of an event is its sequence number,
 * which goes on from month to month without gaps (P23); the month in the name puts the stream into that month's partition.
 */
export const accessLogEvents = eventCatalog({
  'request-handled': {
    version: 1,
    visibility: 'published',
    schema: gatewayFacts.accessEntry.omit({ sequence: true, organizationId: true }),
  },
});
export type AccessLogEvent = EventOf<typeof accessLogEvents>;

/** What is known of a request when its outcome is: an entry before the log has given it a number. */
export type Entry = AccessLogEvent['data'];

export function accessLogStream(instanceId: string, at: Date): string {
  return `access-log-${at.toISOString().slice(0, 7)}-${instanceId}`;
}
