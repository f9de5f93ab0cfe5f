import { aggregate } from '@vouchsafe/event-store';
import { purgeCheck } from './purge-check.decider.js';
import { purgeCheckEvents } from './purge-check.events.js';

export const purgeCheckAggregate = aggregate({
  category: 'purge-check',
  catalog: purgeCheckEvents,
  decider: purgeCheck,
});
