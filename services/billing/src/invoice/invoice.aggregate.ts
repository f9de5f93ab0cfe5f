import { aggregate } from '@vouchsafe/event-store';
import { invoice } from './invoice.decider.js';
import { invoiceEvents } from './invoice.events.js';
import { invoiceProjection } from './invoice.projection.js';

export const invoiceAggregate = aggregate({
  category: 'invoice',
  catalog: invoiceEvents,
  decider: invoice,
  inline: [invoiceProjection],
});
