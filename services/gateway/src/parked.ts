import { EventStore } from '@vouchsafe/event-store';
import { erasureReaction, publishSettled, runParked } from '@vouchsafe/service-host';
import { gatewayConfig } from './gateway.config.js';
import { GROUP } from './gateway.service.js';

/** `npm run parked`, or `node dist/parked.js` beside the running service, with its environment. */
await runParked({
  service: 'gateway',
  group: GROUP,
  config: gatewayConfig,
  parts: (config, { database, vault }) => ({
    reactions: [erasureReaction(config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID)],
    record: publishSettled(new EventStore({ database, vault })),
  }),
});
