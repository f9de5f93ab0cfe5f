/** @promise P31 T0: when the last live subscription ended, as Stripe says it, and only while none is live */
import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import type { Observation } from '../observation/observation.js';
import { endOf, livenessOf } from '../subscription/subscription.decider.js';
import type { SubscriptionContent } from '../subscription/subscription.events.js';
import type { AccountEvent } from './account.events.js';

/** One subscription, as it was just read. What was never live does not concern the account. */
export type AccountSubscription =
  | { readonly subscriptionId: string; readonly liveness: 'live' }
  | { readonly subscriptionId: string; readonly liveness: 'ended'; readonly endedAt: string };

interface AccountCommand {
  readonly type: 'observe';
  readonly organizationId: OrganizationId;
  readonly source: Observation['source'];
  /** All that were read together: the account is judged when every one of them is known. */
  readonly subscriptions: readonly AccountSubscription[];
}

interface Account {
  readonly live: ReadonlySet<string>;
  /** When each ended. */
  readonly ended: ReadonlyMap<string, string>;
  /** T0 as it was last published; null while one is live, and where none ever was. */
  readonly allEndedAt: string | null;
}

export const account = decider<Account, AccountCommand, AccountEvent, never>({
  initial: { live: new Set(), ended: new Map(), allEndedAt: null },
  decide: (state, { organizationId, source, subscriptions }) => {
    const from = { organizationId, source };
    const news = subscriptions.flatMap((one) => newsOf(state, from, one));
    const after = news.reduce(evolve, state);
    return [...news, ...judged(after, from)];
  },
  evolve,
});

/** What an account must know of a subscription; nothing of one that was never live. */
export function accountSubscription(
  subscriptionId: string,
  content: Pick<SubscriptionContent, 'status' | 'endedAt'>,
): AccountSubscription | null {
  const liveness = livenessOf(content);
  if (liveness === 'never') return null;
  return liveness === 'live'
    ? { subscriptionId, liveness }
    : { subscriptionId, liveness, endedAt: endOf(content) };
}

type From = Pick<AccountCommand, 'organizationId' | 'source'>;

/** An end is for ever: what is read of the subscription later changes nothing. */
function newsOf({ live, ended }: Account, from: From, read: AccountSubscription): AccountEvent[] {
  const { subscriptionId } = read;
  if (ended.has(subscriptionId)) return [];
  if (read.liveness === 'ended')
    return [{ type: 'account-subscription-ended', data: { ...from, subscriptionId, endedAt: read.endedAt } }];
  if (live.has(subscriptionId)) return [];
  return [{ type: 'account-subscription-live', data: { ...from, subscriptionId } }];
}

function judged({ live, ended, allEndedAt }: Account, from: From): AccountEvent[] {
  const [first] = live;
  if (first !== undefined)
    return allEndedAt === null
      ? []
      : [{ type: 'subscription-resumed', data: { ...from, subscriptionId: first } }];
  const endedAt = [...ended.values()].reduce<string | null>(later, null);
  // One that we learn of late may have ended after the others: T0 moves, and is published again.
  if (endedAt === null || endedAt === allEndedAt) return [];
  return [{ type: 'all-subscriptions-ended', data: { ...from, endedAt } }];
}

function later(greatest: string | null, time: string): string {
  return greatest !== null && Date.parse(greatest) >= Date.parse(time) ? greatest : time;
}

function evolve(state: Account, event: AccountEvent): Account {
  switch (event.type) {
    case 'account-subscription-live':
      return { ...state, live: new Set([...state.live, event.data.subscriptionId]) };
    case 'account-subscription-ended': {
      const { subscriptionId, endedAt } = event.data;
      const live = new Set(state.live);
      live.delete(subscriptionId);
      return { ...state, live, ended: new Map([...state.ended, [subscriptionId, endedAt]]) };
    }
    case 'all-subscriptions-ended':
      return { ...state, allEndedAt: event.data.endedAt };
    case 'subscription-resumed':
      return { ...state, allEndedAt: null };
    default:
      return unreachable(event);
  }
}
