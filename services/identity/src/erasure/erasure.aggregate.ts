import { aggregate } from '@vouchsafe/event-store';
import { personErasure } from './erasure.decider.js';
import { erasureEvents } from './erasure.events.js';

export const erasureAggregate = aggregate({
  category: 'erasure',
  catalog: erasureEvents,
  decider: personErasure,
});
