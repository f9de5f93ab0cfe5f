import { decider, unreachable } from '@vouchsafe/event-sourcing';
import type { DataRequestNoticesEvent } from './data-request-notices.events.js';

interface Noted {
  readonly notices: readonly string[];
  /** Ids of erasures that could not begin. */
  readonly refused: readonly string[];
}

/** Each notice, and each refusal of an erasure, is told once. The command is the event itself: nothing is decided about it. */
export const dataRequestNotices = decider<
  Noted,
  DataRequestNoticesEvent,
  DataRequestNoticesEvent,
  { readonly rejected: never }
>({
  initial: { notices: [], refused: [] },
  decide: ({ notices, refused }, event) => {
    const isKnown =
      event.type === 'data-request-notice-sent'
        ? notices.includes(event.data.notice)
        : refused.includes(event.data.erasureId);
    return isKnown ? [] : [event];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'data-request-notice-sent':
        return { ...state, notices: [...state.notices, event.data.notice] };
      case 'subject-erasure-refused':
        return { ...state, refused: [...state.refused, event.data.erasureId] };
      default:
        return unreachable(event);
    }
  },
});
