import { EventStore } from '@vouchsafe/event-store';
import { erasureReaction, publishSettled, runDeadLetters } from '@vouchsafe/service-host';
import { gatewayConfig } from './gateway.config.js';
import { GROUP } from './gateway.service.js';

/** `npm run dead-letters`, or `node dist/dead-letters.js` beside the running service, with its environment. */
await runDeadLetters({
  service: 'gateway',
  group: GROUP,
  config: gatewayConfig,
  parts: (config, { database, vault }) => ({
    reactions: [erasureReaction(config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID)],
    record: publishSettled(new EventStore({ database, vault })),
  }),
});
