import { aggregate } from '@vouchsafe/event-store';
import { user } from './user.decider.js';
import { userEvents } from './user.events.js';
import { userProjection } from './user.projection.js';

export const userAggregate = aggregate({
  category: 'user',
  catalog: userEvents,
  decider: user,
  inline: [userProjection],
});
