import { aggregate } from '@vouchsafe/event-store';
import { apiKey } from './api-key.decider.js';
import { apiKeyEvents } from './api-key.events.js';
import { apiKeyProjection } from './api-key.projection.js';

export const apiKeyAggregate = aggregate({
  category: 'api-key',
  catalog: apiKeyEvents,
  decider: apiKey,
  inline: [apiKeyProjection],
});
