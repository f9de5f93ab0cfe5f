import { z } from 'zod';
import { contract } from '../contract.js';
import { stripeId } from '../stripe-id.js';
import { observedFact } from './observed.js';

/** Stripe's own. Live are all but `incomplete`, `incomplete_expired` and `canceled`. */
export const subscriptionStatuses = [
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'canceled',
  'unpaid',
  'paused',
] as const;

/** What of a subscription can change. */
export const subscriptionChanges = ['status', 'items', 'cancellation', 'trial', 'collection'] as const;

const which = { ...observedFact, subscriptionId: stripeId('sub') };
const entity = { type: 'subscription', id: 'subscriptionId' } as const;

const terms = {
  status: z.enum(subscriptionStatuses),
  items: z.array(z.strictObject({ priceId: z.string(), quantity: z.int().nullable() })),
  /** When it will end, where that is known. */
  cancelsAt: z.iso.datetime().nullable(),
};

export const subscriptionStarted = contract({
  type: 'vouchsafe.billing.subscription-started.v1',
  summary:
    'A subscription became live for the first time: active or in its trial. It may have ended since: then `status` is `canceled`.',
  entity,
  schema: z.strictObject({ ...which, ...terms, startedAt: z.iso.datetime() }),
});

export const subscriptionChanged = contract({
  type: 'vouchsafe.billing.subscription-changed.v1',
  summary: 'A live subscription has another status, price, quantity, trial or date of cancellation.',
  entity,
  schema: z.strictObject({ ...which, ...terms, changed: z.array(z.enum(subscriptionChanges)) }),
});

export const subscriptionEnded = contract({
  type: 'vouchsafe.billing.subscription-ended.v1',
  summary: 'A subscription that was live has ended. It never becomes live again.',
  entity,
  schema: z.strictObject({ ...which, endedAt: z.iso.datetime() }),
});

export const allSubscriptionsEnded = contract({
  type: 'vouchsafe.billing.all-subscriptions-ended.v1',
  summary:
    'The last live subscription of an organization has ended. `endedAt` is the time from which the deletion of its data is counted.',
  entity: { type: 'organization', id: 'organizationId' },
  schema: z.strictObject({ ...observedFact, endedAt: z.iso.datetime() }),
});

export const subscriptionResumed = contract({
  type: 'vouchsafe.billing.subscription-resumed.v1',
  summary: 'An organization whose subscriptions had all ended has a live one again.',
  entity,
  schema: z.strictObject(which),
});
