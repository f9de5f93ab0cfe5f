import { aggregate, inlineProjection } from '@vouchsafe/event-store';
import { noteUncounted } from '../statistics/note-uncounted.js';
import { dataReturn } from './return.decider.js';
import { type ReturnEvent, returnEvents } from './return.events.js';

const countedReturns = inlineProjection<ReturnEvent>({
  name: 'counted-returns',
  on: {
    'return-ready': (sql, { data, envelope }) =>
      noteUncounted(sql, 'returned', { organizationId: data.organizationId, at: envelope.occurredAt }),
  },
});

export const returnAggregate = aggregate({
  category: 'return',
  catalog: returnEvents,
  decider: dataReturn,
  inline: [countedReturns],
});
