import { gatewayFacts } from '@vouchsafe/contracts';
import { type Publishing, publishing } from '@vouchsafe/event-store';
import { receiptPublishing, sealingPublishing, settledPublishing } from '@vouchsafe/service-host';
import { accessLogEvents } from './access-log/access-log.events.js';
import { publishEntry } from './access-log/access-log.published.js';

/** Every catalog of the service, and what is published of it. */
export const gatewayPublishing: readonly Publishing[] = [
  publishing(accessLogEvents, publishEntry),
  ...receiptPublishing(gatewayFacts),
  settledPublishing(gatewayFacts.deadLetterSettled),
  sealingPublishing(gatewayFacts.valuesSealed),
];
