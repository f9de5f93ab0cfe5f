import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';

/** What can be read at Stripe by an organization's own key. */
export const stripeReads = ['balance', 'payouts'] as const;
export type StripeRead = (typeof stripeReads)[number];

const entity = { type: 'organization', id: 'organizationId' } as const;

export const stripeKeySet = contract({
  type: 'vouchsafe.billing.stripe-key-set.v1',
  summary: 'A person gave a restricted key of the organization’s own Stripe account, or replaced it.',
  entity,
  schema: z.strictObject({ ...fact, lastFour: z.string().length(4) }),
});

export const stripeKeyRemoved = contract({
  type: 'vouchsafe.billing.stripe-key-removed.v1',
  summary:
    'The organization’s own Stripe key was removed, by a person or because the deployment takes none any more.',
  entity,
  schema: z.strictObject(fact),
});

export const stripeKeyUsed = contract({
  type: 'vouchsafe.billing.stripe-key-used.v1',
  summary:
    'The organization’s own Stripe key, or one that was checked before it was set, was used to read something; recorded before Stripe was asked, whatever it answered.',
  entity,
  schema: z.strictObject({ ...fact, read: z.enum(stripeReads) }),
});
