/** @promise P31 when a legal hold is in force, when it must be looked at again, and when it has ended */
import { decider, type Personal, unreachable } from '@vouchsafe/event-sourcing';
import type { HoldEvent } from './hold.events.js';

type Data<Type extends HoldEvent['type']> = Extract<HoldEvent, { readonly type: Type }>['data'];
type Placed = Data<'hold-placed'>;
export type HoldActor = Placed['placedBy'];

interface Known extends Placed {
  /** The services that keep what is held. */
  readonly confirmed: ReadonlySet<string>;
}
interface Releasing {
  readonly releasedBy: HoldActor;
  readonly releaseReason: Personal<string> | null;
  /** The services that have ended it. */
  readonly ended: ReadonlySet<string>;
}

export type Hold =
  | { readonly status: 'absent' }
  | ({ readonly status: 'pending' | 'in-force' } & Known)
  | ({ readonly status: 'releasing' | 'released' } & Known & Releasing);

export type HoldCommand =
  | { readonly type: 'place'; readonly hold: Omit<Placed, 'reviewDueAt'>; readonly at: Date }
  | {
      readonly type: 'note-confirmation';
      readonly step: 'placed' | 'released';
      readonly service: string;
      readonly confirmedAt: string;
      /** Every service that there is today. */
      readonly services: readonly string[];
    }
  | {
      readonly type: 'review';
      readonly by: HoldActor;
      readonly reason: string;
      readonly until: string | null;
      readonly at: Date;
    }
  | { readonly type: 'release'; readonly by: HoldActor; readonly reason: string | null };

export type HoldRejection = { readonly rejected: 'already-placed' | 'not-placed' | 'already-released' };

const REVIEW_DAYS = 90;

export const hold = decider<Hold, HoldCommand, HoldEvent, HoldRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'place') {
      if (state.status !== 'absent') return { rejected: 'already-placed' };
      const { until } = command.hold;
      return [
        { type: 'hold-placed', data: { ...command.hold, reviewDueAt: reviewAfter(command.at, until) } },
      ];
    }
    if (state.status === 'absent') return { rejected: 'not-placed' };
    const which = { holdId: state.holdId, heldOrganizationId: state.heldOrganizationId };
    switch (command.type) {
      case 'note-confirmation':
        return noteConfirmation(state, command);
      case 'review': {
        if (isReleased(state)) return { rejected: 'already-released' };
        const { by: reviewedBy, reason, until, at } = command;
        const reviewDueAt = reviewAfter(at, until);
        return [{ type: 'hold-reviewed', data: { ...which, reason, reviewedBy, until, reviewDueAt } }];
      }
      case 'release':
        return isReleased(state)
          ? { rejected: 'already-released' }
          : [
              {
                type: 'hold-release-requested',
                data: { ...which, reason: command.reason, releasedBy: command.by },
              },
            ];
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    if (event.type === 'hold-placed') return { status: 'pending', ...event.data, confirmed: new Set() };
    if (state.status === 'absent') return state;
    switch (event.type) {
      case 'hold-confirmed-by-service':
        return { ...state, confirmed: new Set([...state.confirmed, event.data.service]) };
      case 'hold-in-force':
        return state.status === 'pending' ? { ...state, status: 'in-force' } : state;
      case 'hold-reviewed': {
        const { until, reviewDueAt } = event.data;
        return { ...state, until, reviewDueAt };
      }
      case 'hold-release-requested': {
        const { releasedBy, reason: releaseReason } = event.data;
        return { ...state, status: 'releasing', releasedBy, releaseReason, ended: new Set() };
      }
      case 'hold-ended-by-service':
        return state.status === 'releasing'
          ? { ...state, ended: new Set([...state.ended, event.data.service]) }
          : state;
      case 'hold-released':
        return state.status === 'releasing' ? { ...state, status: 'released' } : state;
      default:
        return unreachable(event);
    }
  },
});

function noteConfirmation(
  state: Exclude<Hold, { readonly status: 'absent' }>,
  { step, service, confirmedAt, services }: Extract<HoldCommand, { readonly type: 'note-confirmation' }>,
): HoldEvent[] {
  const which = { holdId: state.holdId, heldOrganizationId: state.heldOrganizationId };
  const data = { ...which, service, confirmedAt };
  const isLast = (done: ReadonlySet<string>) => services.every((name) => name === service || done.has(name));
  if (step === 'placed') {
    if (state.confirmed.has(service)) return [];
    const confirmed: HoldEvent = { type: 'hold-confirmed-by-service', data };
    return state.status === 'pending' && isLast(state.confirmed)
      ? [confirmed, { type: 'hold-in-force', data: which }]
      : [confirmed];
  }
  if (state.status !== 'releasing' || state.ended.has(service)) return [];
  const ended: HoldEvent = { type: 'hold-ended-by-service', data };
  return isLast(state.ended) ? [ended, { type: 'hold-released', data: which }] : [ended];
}

function isReleased({ status }: Hold): boolean {
  return status === 'releasing' || status === 'released';
}

/** `until` never ends a hold: somebody looks then, because what is destroyed cannot be had back. */
function reviewAfter(at: Date, until: string | null): string {
  const due = new Date(at.getTime() + REVIEW_DAYS * 86_400_000);
  const end = until === null ? null : new Date(until);
  return (end !== null && end > at && end < due ? end : due).toISOString();
}
