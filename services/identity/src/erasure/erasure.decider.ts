import { type Retained, serviceNames } from '@vouchsafe/contracts';
import { decider, type OrganizationId, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import { type ErasureEvent, firstService } from './erasure.events.js';

/** What a service did, and from when on it holds. */
export interface Receipt {
  readonly service: string;
  readonly keysDestroyed: number;
  readonly destroyedAt: string;
  readonly effectiveFrom: string;
  /** What stays of the person, because it must be kept. */
  readonly retained: readonly Retained[];
}

export type PersonErasure =
  | { readonly status: 'absent' }
  | {
      readonly status: 'requested' | 'partial' | 'erased';
      readonly organizationId: OrganizationId;
      readonly userId: UserId;
      readonly erasureId: string;
      readonly receipts: readonly Receipt[];
    };

export type ErasureCommand =
  | {
      readonly type: 'request';
      readonly organizationId: OrganizationId;
      readonly userId: UserId;
      readonly erasureId: string;
      readonly subjects: readonly string[];
    }
  | { readonly type: 'note-receipt'; readonly erasureId: string; readonly receipt: Receipt };

export type ErasureRejection = { readonly rejected: 'not-requested' };

/**
 * A person is erased once; it is done when every service has given its receipt, and not before. A service that is added later reads the
 * facts of before, and gives its own: noted, but what was done stays done.
 */
export const personErasure = decider<PersonErasure, ErasureCommand, ErasureEvent, ErasureRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'request') {
      if (state.status !== 'absent') return [];
      const { organizationId, userId, erasureId, subjects } = command;
      return [
        {
          type: 'subject-erasure-requested',
          data: { organizationId, userId, erasureId, subjects: [...subjects] },
        },
      ];
    }
    if (state.status === 'absent' || state.erasureId !== command.erasureId)
      return { rejected: 'not-requested' };
    const { organizationId, userId, erasureId, receipts } = state;
    const { receipt } = command;
    if (receipts.some(({ service }) => service === receipt.service)) return [];
    const which = { organizationId, userId, erasureId };
    const { retained, ...done } = receipt;
    const first = firstService.safeParse(receipt.service);
    const received: ErasureEvent = first.success
      ? { type: 'erasure-receipt-received', data: { ...which, ...done, service: first.data } }
      : {
          type: 'later-erasure-receipt-received',
          data: { ...which, ...done, ...(retained.length > 0 && { retained: [...retained] }) },
        };
    return state.status !== 'erased' && isComplete([...receipts, receipt])
      ? [received, { type: 'subject-erasure-completed', data: which }]
      : [received];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'subject-erasure-requested': {
        const { organizationId, userId, erasureId } = event.data;
        return { status: 'requested', organizationId, userId, erasureId, receipts: [] };
      }
      case 'erasure-receipt-received':
      case 'later-erasure-receipt-received': {
        if (state.status === 'absent') return state;
        const { service, keysDestroyed, destroyedAt, effectiveFrom } = event.data;
        const retained = 'retained' in event.data ? (event.data.retained ?? []) : [];
        const receipt = { service, keysDestroyed, destroyedAt, effectiveFrom, retained };
        const status = state.status === 'erased' ? 'erased' : 'partial';
        return { ...state, status, receipts: [...state.receipts, receipt] };
      }
      case 'subject-erasure-completed':
        return state.status === 'absent' ? state : { ...state, status: 'erased' };
      default:
        return unreachable(event);
    }
  },
});

function isComplete(receipts: readonly Receipt[]): boolean {
  return serviceNames.every((name) => receipts.some(({ service }) => service === name));
}
