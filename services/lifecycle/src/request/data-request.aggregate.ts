import { aggregate, inlineProjection } from '@vouchsafe/event-store';
import { noteUncounted } from '../statistics/note-uncounted.js';
import { dataRequest } from './data-request.decider.js';
import { type DataRequestEvent, dataRequestEvents } from './data-request.events.js';

const countedRequests = inlineProjection<DataRequestEvent>({
  name: 'counted-requests',
  on: {
    'data-request-received': (sql, { organizationId, envelope }) =>
      noteUncounted(sql, 'asked', { organizationId, at: envelope.occurredAt }),
    'data-request-confirmed': (sql, { organizationId, envelope }) =>
      noteUncounted(sql, 'asked', { organizationId, at: envelope.occurredAt }),
  },
});

export const dataRequestAggregate = aggregate({
  category: 'data-request',
  catalog: dataRequestEvents,
  decider: dataRequest,
  inline: [countedRequests],
});
