import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import type { ReturnEvent } from './return.events.js';

interface Known {
  readonly organizationId: OrganizationId;
  readonly returnId: string;
  readonly isOfPerson: boolean;
  /** How often it could not be put together. */
  readonly failures: number;
}

export type Return =
  | { readonly status: 'absent' }
  | (Known & { readonly status: 'requested' | 'assembling' | 'failed' })
  | (Known & { readonly status: 'ready'; readonly expiresAt: string })
  | (Known & { readonly status: 'cancelled' | 'deleted' | 'expired' });

type Data<Type extends ReturnEvent['type']> = Extract<ReturnEvent, { readonly type: Type }>['data'];

export type ReturnCommand =
  | { readonly type: 'request'; readonly requested: Data<'return-requested'> }
  | { readonly type: 'request-of-person'; readonly requested: Data<'return-of-person-requested'> }
  /** One part after the other; after a failure, too. */
  | { readonly type: 'begin' }
  | { readonly type: 'note-failure' }
  | { readonly type: 'finish'; readonly parts: number; readonly size: number; readonly expiresAt: Date }
  | { readonly type: 'delete' }
  | { readonly type: 'expire'; readonly at: Date };

export type ReturnRejection = { readonly rejected: 'already-requested' | 'not-there' | 'not-due' };

export const dataReturn = decider<Return, ReturnCommand, ReturnEvent, ReturnRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'request' || command.type === 'request-of-person') {
      if (state.status !== 'absent') return { rejected: 'already-requested' };
      return command.type === 'request'
        ? [{ type: 'return-requested', data: command.requested }]
        : [{ type: 'return-of-person-requested', data: command.requested }];
    }
    if (state.status === 'absent' || isOver(state)) return { rejected: 'not-there' };
    const { organizationId, returnId } = state;
    const which = { organizationId, returnId };
    switch (command.type) {
      case 'begin':
        if (state.status === 'ready') return { rejected: 'not-due' };
        return state.status === 'assembling' ? [] : [{ type: 'return-begun', data: which }];
      case 'note-failure':
        if (state.status !== 'assembling') return [];
        return [{ type: 'return-attempt-failed', data: { ...which, attempt: state.failures + 1 } }];
      case 'finish': {
        if (state.status !== 'assembling') return { rejected: 'not-due' };
        const { parts, size, expiresAt } = command;
        const data = { ...which, parts, size, expiresAt: expiresAt.toISOString() };
        return [{ type: state.isOfPerson ? 'return-of-person-ready' : 'return-ready', data }];
      }
      case 'delete': {
        const because = state.status === 'ready' ? 'deleted' : 'cancelled';
        return [{ type: 'return-deleted', data: { ...which, because } }];
      }
      case 'expire':
        return state.status === 'ready' && Date.parse(state.expiresAt) <= command.at.getTime()
          ? [{ type: 'return-deleted', data: { ...which, because: 'expired' } }]
          : { rejected: 'not-due' };
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    if (event.type === 'return-requested' || event.type === 'return-of-person-requested') {
      const { organizationId, returnId } = event.data;
      const isOfPerson = event.type === 'return-of-person-requested';
      return { status: 'requested', organizationId, returnId, isOfPerson, failures: 0 };
    }
    if (state.status === 'absent') return state;
    const { organizationId, returnId, isOfPerson, failures } = state;
    const known = { organizationId, returnId, isOfPerson, failures };
    switch (event.type) {
      case 'return-begun':
        return { ...known, status: 'assembling' };
      case 'return-attempt-failed':
        return { ...known, status: 'failed', failures: event.data.attempt };
      case 'return-ready':
      case 'return-of-person-ready':
        return { ...known, status: 'ready', expiresAt: event.data.expiresAt };
      case 'return-deleted':
        return { ...known, status: event.data.because };
      default:
        return unreachable(event);
    }
  },
});

function isOver({ status }: Return): boolean {
  return status === 'cancelled' || status === 'deleted' || status === 'expired';
}
