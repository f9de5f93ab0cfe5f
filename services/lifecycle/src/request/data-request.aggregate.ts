import { aggregate } from '@vouchsafe/event-store';
import { dataRequest } from './data-request.decider.js';
import { dataRequestEvents } from './data-request.events.js';

export const dataRequestAggregate = aggregate({
  category: 'data-request',
  catalog: dataRequestEvents,
  decider: dataRequest,
});
