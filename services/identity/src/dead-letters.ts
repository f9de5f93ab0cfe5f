import { runDeadLetters } from '@vouchsafe/service-host';
import { EmailOutbox } from './email/email-outbox.js';
import { GROUP, identityService } from './identity.service.js';

/** `npm run dead-letters`, or `node dist/bundle/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({ definition: identityService, group: GROUP, providers: [EmailOutbox] });
