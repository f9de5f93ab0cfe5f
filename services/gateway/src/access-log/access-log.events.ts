import { gatewayFacts } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf } from '@vouchsafe/event-sourcing';

/**
 * A gateway process writes one stream, `access-log-<instance id>`; the version of an event in it is its sequence number,
 * which the store keeps unique and without gaps (P23).
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
