import { aggregate } from '@vouchsafe/event-store';
import { stripeKeyUse } from './stripe-key-use.decider.js';
import { stripeKeyUseEvents } from './stripe-key-use.events.js';

export const stripeKeyUseAggregate = aggregate({
  category: 'stripe-key-use',
  catalog: stripeKeyUseEvents,
  decider: stripeKeyUse,
});
