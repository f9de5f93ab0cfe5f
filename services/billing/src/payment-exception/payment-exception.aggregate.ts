import { aggregate } from '@vouchsafe/event-store';
import { paymentException } from './payment-exception.decider.js';
import { paymentExceptionEvents } from './payment-exception.events.js';

export const paymentExceptionAggregate = aggregate({
  category: 'payment-exception',
  catalog: paymentExceptionEvents,
  decider: paymentException,
});
