/** @promise P31 an organization that ended is inactive first; what happens when follows from T0 */
import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import { type BackupPolicy, planOf, plusDays, type TerminationPlan } from './plan.js';
import type { TerminationEvent } from './termination.events.js';

type Deactivated = Extract<TerminationEvent, { type: 'organization-deactivated' }>['data'];
export type TerminationNotice = Extract<
  TerminationEvent,
  { type: 'termination-notice-sent' }
>['data']['notice'];

/** An organization that nobody uses any more. */
export interface Inactive {
  readonly status: 'inactive';
  readonly organizationId: OrganizationId;
  /** How often the organization has ended, this time included. */
  readonly epoch: number;
  readonly cause: Deactivated['cause'];
  /** T0. */
  readonly endedAt: string;
  readonly noticesDue: ReadonlySet<TerminationNotice>;
  /** When the owners were told that it has ended; null until an email went out. */
  readonly noticedAt: string | null;
  /** Of the certificate that is promised. */
  readonly certificateId: string | null;
  /** Whether billing has been asked for a subscription that would stop the purge. */
  readonly purgeProposed: boolean;
}

/** Its data is being deleted, and nothing brings it back. */
export interface Purging extends Omit<Inactive, 'status' | 'noticesDue' | 'purgeProposed'> {
  readonly status: 'purging';
  readonly erasureId: string;
}

export type Termination =
  | { readonly status: 'active'; readonly epoch: number; readonly hasLiveSubscription: boolean }
  | Inactive
  | Purging;

export type TerminationCommand =
  | {
      readonly type: 'note-subscription-started' | 'note-subscription-resumed';
      readonly organizationId: OrganizationId;
    }
  | {
      readonly type: 'note-subscriptions-ended';
      readonly organizationId: OrganizationId;
      readonly endedAt: string;
    }
  | { readonly type: 'close'; readonly organizationId: OrganizationId; readonly at: Date }
  | { readonly type: 'reopen' }
  | {
      readonly type: 'note-notice-sent';
      readonly epoch: number;
      readonly notice: TerminationNotice;
      readonly sentAt: string;
    }
  /** Billing has asked Stripe. */
  | { readonly type: 'note-no-live-subscription'; readonly epoch: number; readonly erasureId: string }
  /** Time has passed. */
  | Advance;

interface Advance {
  readonly type: 'advance';
  readonly at: Date;
  readonly policy: BackupPolicy;
  /** For the certificate, if it is promised now. */
  readonly newCertificateId: string;
}

export type TerminationRejection = {
  readonly rejected:
    'live-subscription' | 'already-inactive' | 'not-inactive' | 'subscription-needed' | 'purging';
};

export const termination = decider<Termination, TerminationCommand, TerminationEvent, TerminationRejection>({
  initial: { status: 'active', epoch: 0, hasLiveSubscription: false },
  decide: (state, command) => {
    if (state.status === 'purging')
      return command.type === 'close' || command.type === 'reopen' ? { rejected: 'purging' } : [];
    switch (command.type) {
      case 'note-subscription-started':
      case 'note-subscription-resumed': {
        const { organizationId } = command;
        // Billing takes its T0 back by `subscription-resumed` alone: a start that it reads late is no return.
        const isLate = state.status === 'inactive' && state.cause === 'subscriptions-ended';
        if (isLate && command.type === 'note-subscription-started') return [];
        const live = { type: 'subscription-became-live', data: { organizationId } } as const;
        if (state.status === 'inactive') return [reactivated(state), live];
        return state.hasLiveSubscription ? [] : [live];
      }
      case 'note-subscriptions-ended': {
        const { organizationId, endedAt } = command;
        if (state.status === 'active') {
          return [deactivated(state, { organizationId, endedAt, cause: 'subscriptions-ended' })];
        }
        const isLater = state.cause === 'subscriptions-ended' && isAfter(endedAt, state.endedAt);
        return isLater
          ? [{ type: 'termination-moved', data: { organizationId, epoch: state.epoch, endedAt } }]
          : [];
      }
      case 'close': {
        if (state.status === 'inactive') return { rejected: 'already-inactive' };
        // Whoever pays for it still uses it: the subscription is cancelled first, and that is T0.
        if (state.hasLiveSubscription) return { rejected: 'live-subscription' };
        const { organizationId, at } = command;
        return [deactivated(state, { organizationId, endedAt: at.toISOString(), cause: 'closed-by-owner' })];
      }
      case 'reopen':
        if (state.status === 'active') return { rejected: 'not-inactive' };
        return state.cause === 'closed-by-owner' ? [reactivated(state)] : { rejected: 'subscription-needed' };
      case 'note-notice-sent': {
        // Of an earlier termination, or told twice.
        if (state.status === 'active' || state.epoch !== command.epoch) return [];
        if (command.notice !== 'ended' || state.noticedAt !== null) return [];
        const { organizationId, epoch } = state;
        const { notice, sentAt } = command;
        return [{ type: 'termination-notice-sent', data: { organizationId, epoch, notice, sentAt } }];
      }
      case 'note-no-live-subscription': {
        // Of an earlier termination, or the organization came back meanwhile.
        if (state.status === 'active' || state.epoch !== command.epoch || !state.purgeProposed) return [];
        const { organizationId, epoch } = state;
        return [{ type: 'purge-committed', data: { organizationId, epoch, erasureId: command.erasureId } }];
      }
      case 'advance':
        return state.status === 'active' ? [] : [...noticesDue(state, command), ...purgeDue(state, command)];
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'subscription-became-live':
        return state.status === 'active' ? { ...state, hasLiveSubscription: true } : state;
      case 'organization-deactivated':
        return {
          ...{ status: 'inactive', ...event.data },
          ...{ noticesDue: new Set(), noticedAt: null, certificateId: null, purgeProposed: false },
        };
      case 'organization-reactivated':
        return { status: 'active', epoch: event.data.epoch, hasLiveSubscription: false };
      case 'termination-moved':
        return state.status === 'inactive' ? { ...state, endedAt: event.data.endedAt } : state;
      case 'termination-notice-due':
        return state.status === 'inactive'
          ? {
              ...state,
              noticesDue: new Set([...state.noticesDue, event.data.notice]),
              certificateId: event.data.certificateId,
            }
          : state;
      case 'termination-notice-sent':
        return state.status === 'inactive' ? { ...state, noticedAt: event.data.sentAt } : state;
      case 'purge-proposed':
        return state.status === 'inactive' ? { ...state, purgeProposed: true } : state;
      case 'purge-committed': {
        if (state.status !== 'inactive') return state;
        const { noticesDue: _, purgeProposed: __, ...rest } = state;
        return { ...rest, status: 'purging', erasureId: event.data.erasureId };
      }
      default:
        return unreachable(event);
    }
  },
});

/** What happens when, as far as it is known now. */
export function planFor({ endedAt, noticedAt }: Inactive | Purging, policy: BackupPolicy): TerminationPlan {
  return planOf(new Date(endedAt), noticedAt === null ? null : new Date(noticedAt), policy);
}

/** @returns when time brings the next event; null where it brings none */
export function nextDueAt(state: Termination, policy: BackupPolicy): Date | null {
  if (state.status !== 'inactive') return null;
  const notices = noticeTimes(state, policy).filter(({ notice }) => !state.noticesDue.has(notice));
  const waiting = state.purgeProposed ? notices : [...notices, { at: planFor(state, policy).purgeFrom }];
  return waiting.reduce<Date | null>((first, { at }) => (first !== null && first <= at ? first : at), null);
}

/** Nothing is deleted before, and nothing without billing's word that no subscription is live. */
function purgeDue(state: Inactive, { at, policy }: Advance): TerminationEvent[] {
  if (state.purgeProposed || at < planFor(state, policy).purgeFrom) return [];
  const { organizationId, epoch } = state;
  return [{ type: 'purge-proposed', data: { organizationId, epoch } }];
}

function noticesDue(state: Inactive, { at, policy, newCertificateId }: Advance): TerminationEvent[] {
  const { organizationId, epoch, cause, endedAt } = state;
  const certificateId = state.certificateId ?? newCertificateId;
  const plan = planFor(state, policy);
  return noticeTimes(state, policy)
    .filter((one) => one.at <= at && !state.noticesDue.has(one.notice))
    .map(({ notice }) => ({
      type: 'termination-notice-due',
      data: {
        ...{ organizationId, epoch, notice, cause, endedAt },
        purgeFrom: plan.purgeFrom.toISOString(),
        productionErasedBy: plan.productionErasedBy.toISOString(),
        backupsExpiredBy: plan.backupsExpiredBy.toISOString(),
        certificateId,
        returnUntil: plan.returnUntil.toISOString(),
      },
    }));
}

function noticeTimes(
  state: Inactive,
  policy: BackupPolicy,
): readonly { readonly notice: TerminationNotice; readonly at: Date }[] {
  const { purgeFrom } = planFor(state, policy);
  return [
    { notice: 'ended', at: new Date(state.endedAt) },
    { notice: 'month-before-purge', at: plusDays(purgeFrom, -30) },
    { notice: 'week-before-purge', at: plusDays(purgeFrom, -7) },
  ];
}

function deactivated(
  { epoch }: Termination,
  data: Pick<Deactivated, 'organizationId' | 'endedAt' | 'cause'>,
): TerminationEvent {
  return { type: 'organization-deactivated', data: { ...data, epoch: epoch + 1 } };
}

function reactivated({ organizationId, epoch }: Inactive): TerminationEvent {
  return { type: 'organization-reactivated', data: { organizationId, epoch } };
}

function isAfter(time: string, other: string): boolean {
  return Date.parse(time) > Date.parse(other);
}
