import { assertEventType, decider } from '@vouchsafe/event-sourcing';
import type { TerminationNoticesEvent } from './termination-notices.events.js';

type Sent = TerminationNoticesEvent['data'];

/** Each notice counts once: when its first email went out. */
export const terminationNotices = decider<
  { readonly sent: readonly Sent[] },
  Sent,
  TerminationNoticesEvent,
  { readonly rejected: never }
>({
  initial: { sent: [] },
  decide: ({ sent }, now) =>
    sent.some(({ epoch, notice }) => epoch === now.epoch && notice === now.notice)
      ? []
      : [{ type: 'termination-notice-sent', data: now }],
  evolve: ({ sent }, event) => {
    assertEventType(event, 'termination-notice-sent');
    return { sent: [...sent, event.data] };
  },
});
