import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** The organizations' own keys at Stripe. */
export const StripeKeyRow = defineEntity({
  name: 'StripeKey',
  tableName: 'stripe_key',
  properties: {
    organizationId: p.uuid().primary(),
    /** The key, sealed under the organization's key of the month. */
    keySealed: p.text(),
    lastFour: p.text(),
    setBy: p.uuid(),
    setAt: p.string().columnType('timestamptz'),
  },
});
export type StripeKeyRow = InferEntity<typeof StripeKeyRow>;
