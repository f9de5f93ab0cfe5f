import { assertEventType, decider } from '@vouchsafe/event-sourcing';
import type { PurgeCheckEvent } from './purge-check.events.js';

/** Each termination is answered once, and none after a later one. */
export const purgeCheck = decider<
  { readonly epoch: number },
  PurgeCheckEvent['data'],
  PurgeCheckEvent,
  { readonly rejected: never }
>({
  initial: { epoch: 0 },
  decide: ({ epoch }, found) =>
    found.epoch > epoch ? [{ type: 'no-live-subscription-found', data: found }] : [],
  evolve: (_, event) => {
    assertEventType(event, 'no-live-subscription-found');
    return { epoch: event.data.epoch };
  },
});
