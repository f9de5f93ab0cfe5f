import { assertEventType, decider } from '@vouchsafe/event-sourcing';
import type { StripeKeyUseEvent } from './stripe-key-use.events.js';

export const stripeKeyUse = decider<
  'absent' | 'recorded',
  StripeKeyUseEvent['data'],
  StripeKeyUseEvent,
  { readonly rejected: 'already-recorded' }
>({
  initial: 'absent',
  decide: (state, { organizationId, read }) =>
    state === 'absent'
      ? [{ type: 'stripe-key-used', data: { organizationId, read } }]
      : { rejected: 'already-recorded' },
  evolve: (_, event) => {
    assertEventType(event, 'stripe-key-used');
    return 'recorded';
  },
});
