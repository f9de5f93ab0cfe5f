import { aggregate } from '@vouchsafe/event-store';
import { stripeCustomer } from './stripe-customer.decider.js';
import { stripeCustomerEvents } from './stripe-customer.events.js';
import { stripeCustomerProjection } from './stripe-customer.projection.js';

export const stripeCustomerAggregate = aggregate({
  category: 'stripe-customer',
  catalog: stripeCustomerEvents,
  decider: stripeCustomer,
  inline: [stripeCustomerProjection],
});
