import { aggregate } from '@vouchsafe/event-store';
import { paymentMethod } from './payment-method.decider.js';
import { paymentMethodEvents } from './payment-method.events.js';
import { paymentMethodProjection } from './payment-method.projection.js';

export const paymentMethodAggregate = aggregate({
  category: 'payment-method',
  catalog: paymentMethodEvents,
  decider: paymentMethod,
  inline: [paymentMethodProjection],
});
