import { runDeadLetters } from '@vouchsafe/service-host';
import { GROUP, billingService } from './billing.service.js';

/** `npm run dead-letters`, or `node dist/bundle/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({ definition: billingService, group: GROUP });
