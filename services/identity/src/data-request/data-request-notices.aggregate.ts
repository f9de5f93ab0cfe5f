import { aggregate } from '@vouchsafe/event-store';
import { dataRequestNotices } from './data-request-notices.decider.js';
import { dataRequestNoticesEvents } from './data-request-notices.events.js';

export const dataRequestNoticesAggregate = aggregate({
  category: 'data-request-notices',
  catalog: dataRequestNoticesEvents,
  decider: dataRequestNotices,
});
