import { aggregate } from '@vouchsafe/event-store';
import { billing } from './billing.decider.js';
import { billingEvents } from './billing.events.js';
import { billingProjection } from './billing.projection.js';

export const billingAggregate = aggregate({
  category: 'billing',
  catalog: billingEvents,
  decider: billing,
  inline: [billingProjection],
});
