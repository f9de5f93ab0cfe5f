import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** What Stripe says of an organization's customer. */
export const StripeCustomerRow = defineEntity({
  name: 'StripeCustomer',
  tableName: 'stripe_customer',
  properties: {
    organizationId: p.uuid(),
    customerId: p.text().primary(),
    isDeleted: p.boolean(),
    defaultPaymentMethodId: p.text().nullable(),
    observedAt: p.string().columnType('timestamptz'),
  },
});
export type StripeCustomerRow = InferEntity<typeof StripeCustomerRow>;
