/** @promise P31 a subscription ends once, at the time that Stripe says, in whatever order its states were read */
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { decider, unreachable } from '@vouchsafe/event-sourcing';
import { type Observe, type OtherOrganization, sourceOf } from '../observation/observation.js';
import type { SubscriptionContent, SubscriptionEvent } from './subscription.events.js';

type Subscription =
  | { readonly phase: 'unknown' }
  | {
      /** `pending` was never live; `over` is for ever. */
      readonly phase: 'pending' | 'live' | 'over';
      readonly organizationId: OrganizationId;
      readonly contentHash: string;
      readonly content: SubscriptionContent;
    };

/** `never`: it has not been live, or ended without having been. */
export type Liveness = 'never' | 'live' | 'ended';

export const subscription = decider<
  Subscription,
  Observe<string, SubscriptionContent>,
  SubscriptionEvent,
  OtherOrganization
>({
  initial: { phase: 'unknown' },
  decide: (state, { id: subscriptionId, observation, content }) => {
    const { organizationId, contentHash } = observation;
    if (state.phase !== 'unknown') {
      if (state.organizationId !== organizationId) return { rejected: 'other-organization' };
      if (state.phase === 'over' || state.contentHash === contentHash) return [];
    }
    const liveness = livenessOf(content);
    // Stripe never takes a live subscription back to incomplete: what says so is older than what we know.
    if (state.phase === 'live' && liveness === 'never') return [];
    const from = { ...sourceOf(observation), subscriptionId };
    const observed: SubscriptionEvent = {
      type: 'subscription-observed',
      data: { subscriptionId, ...observation, content },
    };
    return [
      observed,
      ...(state.phase === 'live' ? changed(from, state.content, content) : started(from, content)),
      ...ended(from, content),
    ];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'subscription-observed': {
        const { organizationId, contentHash, content } = event.data;
        return { phase: phaseOf(content), organizationId, contentHash, content };
      }
      case 'subscription-started':
      case 'subscription-changed':
      case 'subscription-ended':
        return state;
      default:
        return unreachable(event);
    }
  },
});

/** By Stripe's status. One that was canceled had been live: one whose first invoice is not paid expires instead. */
export function livenessOf({ status }: Pick<SubscriptionContent, 'status'>): Liveness {
  switch (status) {
    case 'incomplete':
    case 'incomplete_expired':
      return 'never';
    case 'trialing':
    case 'active':
    case 'past_due':
    case 'unpaid':
    case 'paused':
      return 'live';
    case 'canceled':
      return 'ended';
    default:
      return unreachable(status);
  }
}

function phaseOf(content: SubscriptionContent): 'pending' | 'live' | 'over' {
  if (content.status === 'incomplete') return 'pending';
  return livenessOf(content) === 'live' ? 'live' : 'over';
}

type From = ReturnType<typeof sourceOf> & { readonly subscriptionId: string };

function started(from: From, content: SubscriptionContent): SubscriptionEvent[] {
  if (livenessOf(content) === 'never') return [];
  const { startedAt } = content;
  return [{ type: 'subscription-started', data: { ...from, ...termsOf(content), startedAt } }];
}

/** An end is no change, and has its own fact. */
function changed(from: From, before: SubscriptionContent, content: SubscriptionContent): SubscriptionEvent[] {
  const differs = differencesOf(before, content);
  if (livenessOf(content) !== 'live' || differs.length === 0) return [];
  return [{ type: 'subscription-changed', data: { ...from, ...termsOf(content), changed: differs } }];
}

function ended(from: From, content: SubscriptionContent): SubscriptionEvent[] {
  if (livenessOf(content) !== 'ended') return [];
  return [{ type: 'subscription-ended', data: { ...from, endedAt: endOf(content) } }];
}

/** Stripe gives every subscription that is canceled the time of its end. */
export function endOf({ endedAt }: Pick<SubscriptionContent, 'endedAt'>): string {
  if (endedAt === null) throw new Error('A subscription is canceled and has no end');
  return endedAt;
}

function termsOf({ status, items, cancelsAt }: SubscriptionContent) {
  return { status, items: items.map(({ priceId, quantity }) => ({ priceId, quantity })), cancelsAt };
}

/** A new period with the same terms is no change. */
function differencesOf(before: SubscriptionContent, after: SubscriptionContent) {
  const [former, today] = [termsOf(before), termsOf(after)];
  const differs = {
    status: former.status !== today.status,
    items: JSON.stringify(former.items) !== JSON.stringify(today.items),
    cancellation: former.cancelsAt !== today.cancelsAt,
    trial: before.trialEnd !== after.trialEnd,
    collection: before.collectionPaused !== after.collectionPaused,
  };
  return (Object.keys(differs) as (keyof typeof differs)[]).filter((name) => differs[name]);
}
