import { aggregate } from '@vouchsafe/event-store';
import { purge } from './purge.decider.js';
import { purgeEvents } from './purge.events.js';

export const purgeAggregate = aggregate({ category: 'purge', catalog: purgeEvents, decider: purge });
