/** @promise P03 nobody is anonymized for not using an account before both warnings were sent, and 30 days after the last one */
import { decider, type OrganizationId, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import type { UnusedAccountEvent } from './unused-account.events.js';

type Warned = Extract<UnusedAccountEvent, { readonly type: 'unused-account-warned' }>['data'];
type Warning = Warned['warning'];

export interface UnusedAccount {
  /** The last one that was sent, whether or not the account was used since. */
  readonly warned: Warned | null;
  readonly erasureId: string | null;
}

interface Which {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly lastUsedOn: string;
}

export type UnusedAccountCommand =
  | (Which & { readonly type: 'note-warning'; readonly warning: Warning; readonly anonymizedFrom: string })
  | (Which & {
      readonly type: 'begin-erasure';
      readonly erasureId: string;
      readonly on: string;
      /** Whoever is none any more cannot log in to keep the account, and is not warned. */
      readonly isMember: boolean;
    });

export type UnusedAccountRejection = { readonly rejected: 'not-warned' };

/** Days are of UTC, as `2026-11-30`, and compare as texts. */
export const unusedAccount = decider<
  UnusedAccount,
  UnusedAccountCommand,
  UnusedAccountEvent,
  UnusedAccountRejection
>({
  initial: { warned: null, erasureId: null },
  decide: ({ warned, erasureId }, command) => {
    const { organizationId, userId, lastUsedOn } = command;
    const which = { organizationId, userId, lastUsedOn };
    const last = warned?.lastUsedOn === lastUsedOn ? warned : null;
    switch (command.type) {
      case 'note-warning': {
        const { warning, anonymizedFrom } = command;
        if (last?.warning === warning || last?.warning === 'second') return [];
        if (warning === 'second' && last === null) return { rejected: 'not-warned' };
        return [{ type: 'unused-account-warned', data: { ...which, warning, anonymizedFrom } }];
      }
      case 'begin-erasure': {
        if (erasureId !== null) return [];
        const isWarned = last?.warning === 'second' && last.anonymizedFrom <= command.on;
        if (command.isMember && !isWarned) return { rejected: 'not-warned' };
        return [{ type: 'unused-account-erasure-begun', data: { ...which, erasureId: command.erasureId } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'unused-account-warned':
        return { ...state, warned: event.data };
      case 'unused-account-erasure-begun':
        return { ...state, erasureId: event.data.erasureId };
      default:
        return unreachable(event);
    }
  },
});

const DAY_MS = 86_400_000;

/** How many days a warning leaves at least, however late it is sent. */
const daysLeft = { first: 60, second: 30 } as const satisfies Record<Warning, number>;

/** The date that a warning names: the planned one, unless the warning is so late that it would leave too little time. */
export function anonymizedFrom(warning: Warning, { plannedFor, sentOn }: Dates): string {
  const earliest = new Date(Date.parse(sentOn) + daysLeft[warning] * DAY_MS).toISOString().slice(0, 10);
  return earliest > plannedFor ? earliest : plannedFor;
}

interface Dates {
  readonly plannedFor: string;
  readonly sentOn: string;
}
