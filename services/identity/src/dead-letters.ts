import { runDeadLetters } from '@vouchsafe/service-host';
import { EmailOutbox } from './email/email-outbox.js';
import { BeginErasure } from './erasure/begin-erasure.js';
import { EndMembership } from './member/end-membership.js';
import { Operator } from './operator.js';
import { Sessions } from './session/sessions.js';
import { GROUP, identityService } from './identity.service.js';

/** `npm run dead-letters`, or `node dist/bundle/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({
  definition: identityService,
  group: GROUP,
  providers: [EmailOutbox, BeginErasure, EndMembership, Sessions, Operator],
});
