import { auditFacts } from '@vouchsafe/contracts';
import type { Publishing } from '@vouchsafe/event-store';
import { receiptPublishing } from '@vouchsafe/service-host';

/** Every catalog of the service, and what leaves of it. */
export const auditPublishing: readonly Publishing[] = [...receiptPublishing(auditFacts)];
