import { billingFacts } from '@vouchsafe/contracts';
import { type Publishing, publishing } from '@vouchsafe/event-store';
import { receiptPublishing, sealingPublishing, settledPublishing } from '@vouchsafe/service-host';
import { billingEvents } from './billing/billing.events.js';
import { publishBilling } from './billing/billing.published.js';

/** Every catalog of the service, and what is published of it. */
export const billingPublishing: readonly Publishing[] = [
  publishing(billingEvents, publishBilling),
  receiptPublishing(billingFacts.subjectErased),
  settledPublishing(billingFacts.deadLetterSettled),
  sealingPublishing(billingFacts.valuesSealed),
];
