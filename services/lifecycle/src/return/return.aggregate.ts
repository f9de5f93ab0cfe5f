import { aggregate } from '@vouchsafe/event-store';
import { dataReturn } from './return.decider.js';
import { returnEvents } from './return.events.js';

export const returnAggregate = aggregate({
  category: 'return',
  catalog: returnEvents,
  decider: dataReturn,
  inline: [],
});
