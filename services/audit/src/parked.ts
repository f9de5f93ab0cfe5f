import { reactionsIn } from '@vouchsafe/messaging';
import { erasureReaction, runParked } from '@vouchsafe/service-host';
import { auditConfig } from './audit.config.js';
import { GROUP } from './audit.service.js';
import { Recorder } from './log/record.js';
import { recordSettled } from './reactions/parked-messages.js';
import { ReactionsController } from './reactions/reactions.controller.js';

/** `npm run parked`, or `node dist/parked.js` beside the running service, with its environment. */
await runParked({
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
