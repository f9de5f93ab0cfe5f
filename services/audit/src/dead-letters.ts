import { reactionsIn } from '@vouchsafe/messaging';
import { erasureReaction, runDeadLetters } from '@vouchsafe/service-host';
import { auditConfig } from './audit.config.js';
import { GROUP } from './audit.service.js';
import { Recorder } from './log/record.js';
import { recordSettled } from './reactions/dead-letters.js';
import { ReactionsController } from './reactions/reactions.controller.js';

/** `npm run dead-letters`, or `node dist/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({
  service: 'audit',
  group: GROUP,
  config: auditConfig,
  parts: (config, { vault, now }) => {
    const recorder = new Recorder(vault, { now }, config);
    return {
      reactions: [
        ...reactionsIn(new ReactionsController(recorder)),
        erasureReaction(config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID),
      ],
      record: recordSettled(recorder),
    };
  },
});
