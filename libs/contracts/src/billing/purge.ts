import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';

export const noLiveSubscriptionFound = contract({
  type: 'vouchsafe.billing.no-live-subscription-found.v1',
  summary: 'Before an organization is deleted, Stripe was asked, and has no live subscription of it.',
  entity: { type: 'organization', id: 'organizationId' },
  schema: z.strictObject({
    ...fact,
    /** The termination that it was asked for. */
    epoch: z.int().positive(),
  }),
});
