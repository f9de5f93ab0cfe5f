import { billingFacts } from '@vouchsafe/contracts';
import { type Publishing } from '@vouchsafe/event-store';
import { receiptPublishing, sealingPublishing, settledPublishing } from '@vouchsafe/service-host';

/** Every catalog of the service, and what is published of it. */
export const billingPublishing: readonly Publishing[] = [
  receiptPublishing(billingFacts.subjectErased),
  settledPublishing(billingFacts.deadLetterSettled),
  sealingPublishing(billingFacts.valuesSealed),
];
