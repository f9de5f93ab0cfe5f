import { runDeadLetters } from '@vouchsafe/service-host';
import { GROUP, lifecycleService } from './lifecycle.service.js';
import { Holds } from './hold/holds.js';
import { Operator } from './organization/operator.js';
import { Purges } from './purge/purges.js';
import { DataRequests } from './request/data-requests.js';
import { IssueReceipt } from './request/issue-receipt.js';
import { backupPolicyProvider } from './termination/backup-policy.js';

/** `npm run dead-letters`, or `node dist/bundle/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({
  definition: lifecycleService,
  group: GROUP,
  providers: [Operator, Purges, Holds, DataRequests, IssueReceipt, backupPolicyProvider],
});
