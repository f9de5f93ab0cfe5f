import { runDeadLetters } from '@vouchsafe/service-host';
import { auditService, GROUP } from './audit.service.js';
import { Recorder } from './log/record.js';
import { recordSettled } from './reactions/dead-letters.js';

/** `npm run dead-letters`, or `node dist/bundle/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({
  definition: auditService,
  group: GROUP,
  providers: [Recorder],
  record: (app) => recordSettled(app.get(Recorder)),
});
