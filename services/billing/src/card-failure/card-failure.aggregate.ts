import { aggregate } from '@vouchsafe/event-store';
import { cardFailure } from './card-failure.decider.js';
import { cardFailureEvents } from './card-failure.events.js';

export const cardFailureAggregate = aggregate({
  category: 'card-failure',
  catalog: cardFailureEvents,
  decider: cardFailure,
});
