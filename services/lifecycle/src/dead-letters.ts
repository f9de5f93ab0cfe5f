import { runDeadLetters } from '@vouchsafe/service-host';
import { GROUP, lifecycleService } from './lifecycle.service.js';
import { Operator } from './organization/operator.js';

/** `npm run dead-letters`, or `node dist/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({ definition: lifecycleService, group: GROUP, providers: [Operator] });
