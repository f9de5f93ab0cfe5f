import { aggregate } from '@vouchsafe/event-store';
import { subscription } from './subscription.decider.js';
import { subscriptionEvents } from './subscription.events.js';
import { subscriptionProjection } from './subscription.projection.js';

export const subscriptionAggregate = aggregate({
  category: 'subscription',
  catalog: subscriptionEvents,
  decider: subscription,
  inline: [subscriptionProjection],
});
