import { runDeadLetters } from '@vouchsafe/service-host';
import { GROUP } from './gateway.service.js';
import { internalServer } from './internal-server.js';

/** `npm run dead-letters`, or `node dist/bundle/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({ definition: internalServer, group: GROUP });
