import { EventStore } from '@vouchsafe/event-store';
import { reactionsIn } from '@vouchsafe/messaging';
import { erasureReaction, publishSettled, runDeadLetters } from '@vouchsafe/service-host';
import { identityConfig } from './identity.config.js';
import { GROUP } from './identity.service.js';
import { ReceiptsController } from './reactions/receipts.controller.js';

/** `npm run dead-letters`, or `node dist/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({
  service: 'identity',
  group: GROUP,
  config: identityConfig,
  parts: (config, { database, vault }) => {
    const store = new EventStore({ database, vault });
    return {
      reactions: [
        ...reactionsIn(new ReceiptsController(store)),
        erasureReaction(config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID),
      ],
      record: publishSettled(store),
    };
  },
});
