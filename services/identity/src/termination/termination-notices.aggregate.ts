import { aggregate } from '@vouchsafe/event-store';
import { terminationNotices } from './termination-notices.decider.js';
import { terminationNoticesEvents } from './termination-notices.events.js';

export const terminationNoticesAggregate = aggregate({
  category: 'termination-notices',
  catalog: terminationNoticesEvents,
  decider: terminationNotices,
});
