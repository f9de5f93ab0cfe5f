import { billingFacts } from '@vouchsafe/contracts';
import { type Publishing, publishing } from '@vouchsafe/event-store';
import { receiptPublishing, sealingPublishing, settledPublishing } from '@vouchsafe/service-host';
import { customerEvents } from './customer/customer.events.js';
import { publishCustomer } from './customer/customer.published.js';
import { intentEvents } from './intent/intent.events.js';
import { publishIntent } from './intent/intent.published.js';

/** Every catalog of the service, and what is published of it. */
export const billingPublishing: readonly Publishing[] = [
  publishing(customerEvents, publishCustomer),
  publishing(intentEvents, publishIntent),
  receiptPublishing(billingFacts.subjectErased),
  settledPublishing(billingFacts.deadLetterSettled),
  sealingPublishing(billingFacts.valuesSealed),
];
