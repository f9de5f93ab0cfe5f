import { lifecycleFacts } from '@vouchsafe/contracts';
import { type Publishing, publishing } from '@vouchsafe/event-store';
import { receiptPublishing, sealingPublishing, settledPublishing } from '@vouchsafe/service-host';
import { attachmentEvents } from './attachment/attachment.events.js';
import { publishAttachment } from './attachment/attachment.published.js';
import { holdEvents } from './hold/hold.events.js';
import { publishHold } from './hold/hold.published.js';
import { purgeEvents } from './purge/purge.events.js';
import { publishPurge } from './purge/purge.published.js';
import { dataRequestEvents } from './request/data-request.events.js';
import { publishDataRequest } from './request/data-request.published.js';
import { returnEvents } from './return/return.events.js';
import { publishReturn } from './return/return.published.js';
import { terminationEvents } from './termination/termination.events.js';
import { publishTermination } from './termination/termination.published.js';

/** Every catalog of the service, and what is published of it. */
export const lifecyclePublishing: readonly Publishing[] = [
  publishing(terminationEvents, publishTermination),
  publishing(purgeEvents, publishPurge),
  publishing(attachmentEvents, publishAttachment),
  publishing(holdEvents, publishHold),
  publishing(returnEvents, publishReturn),
  publishing(dataRequestEvents, publishDataRequest),
  ...receiptPublishing(lifecycleFacts),
  settledPublishing(lifecycleFacts.deadLetterSettled),
  sealingPublishing(lifecycleFacts.valuesSealed),
];
