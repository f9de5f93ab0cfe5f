import { decider, unreachable } from '@vouchsafe/event-sourcing';
import type { IntentEvent } from './intent.events.js';

type Opened = Extract<IntentEvent, { type: 'intent-opened' }>['data'];
type Refusal = Extract<IntentEvent, { type: 'intent-refused' }>['data']['reason'];
type Completion = Pick<Extract<IntentEvent, { type: 'intent-completed' }>['data'], 'customerId' | 'objectId'>;

export type Intent =
  | { readonly status: 'absent' }
  | { readonly status: 'open' | 'set-aside'; readonly opened: Opened }
  | { readonly status: 'refused'; readonly opened: Opened; readonly reason: Refusal }
  | { readonly status: 'completed'; readonly opened: Opened; readonly customerId: string };

type IntentCommand =
  | { readonly type: 'open'; readonly opened: Opened }
  | { readonly type: 'set-aside' | 'take-up' }
  | { readonly type: 'refuse'; readonly reason: Refusal }
  | ({ readonly type: 'complete' } & Completion);

export type IntentRejection = { readonly rejected: 'already-opened' | 'not-opened' };

/**
 * An intent is carried out by whoever comes first: the request that opened it, a repetition, a worker. Each asks Stripe with the same
 * key and so hears the same, in any order; what is known already is no event.
 */
export const intent = decider<Intent, IntentCommand, IntentEvent, IntentRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'open')
      return state.status === 'absent'
        ? [{ type: 'intent-opened', data: command.opened }]
        : { rejected: 'already-opened' };
    if (state.status === 'absent') return { rejected: 'not-opened' };
    const { organizationId, intentId, operation } = state.opened;
    const which = { organizationId, intentId };
    switch (command.type) {
      case 'set-aside':
        return state.status === 'open' ? [{ type: 'intent-set-aside', data: which }] : [];
      case 'take-up':
        return state.status === 'set-aside' ? [{ type: 'intent-taken-up', data: which }] : [];
      case 'refuse':
        if (state.status === 'refused' || state.status === 'completed') return [];
        return [{ type: 'intent-refused', data: { ...which, reason: command.reason } }];
      case 'complete': {
        if (state.status === 'completed') return [];
        const { customerId, objectId } = command;
        return [{ type: 'intent-completed', data: { ...which, operation, customerId, objectId } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    if (event.type === 'intent-opened') return { status: 'open', opened: event.data };
    if (state.status === 'absent') return state;
    const { opened } = state;
    switch (event.type) {
      case 'intent-set-aside':
        return { status: 'set-aside', opened };
      case 'intent-taken-up':
        return { status: 'open', opened };
      case 'intent-refused':
        return { status: 'refused', opened, reason: event.data.reason };
      case 'intent-completed':
        return { status: 'completed', opened, customerId: event.data.customerId };
      default:
        return unreachable(event);
    }
  },
});
