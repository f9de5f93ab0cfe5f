import { EventStore } from '@vouchsafe/event-store';
import { reactionsIn } from '@vouchsafe/messaging';
import { erasureReaction, publishSettled, runParked } from '@vouchsafe/service-host';
import { identityConfig } from './identity.config.js';
import { GROUP } from './identity.service.js';
import { ReceiptsController } from './reactions/receipts.controller.js';

/** `npm run parked`, or `node dist/parked.js` beside the running service, with its environment. */
await runParked({
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
