import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** The register of customers: which organization is which customer at Stripe. */
export const CustomerRow = defineEntity({
  name: 'Customer',
  tableName: 'customer',
  properties: {
    organizationId: p.uuid(),
    customerId: p.text().primary(),
    createdAt: p.string().columnType('timestamptz'),
    /** When another took its place, because it was deleted at Stripe. */
    replacedAt: p.string().columnType('timestamptz').nullable(),
  },
  uniques: [
    {
      name: 'customer_current',
      properties: ['organizationId'],
      where: 'replaced_at is null',
    },
  ],
});
export type CustomerRow = InferEntity<typeof CustomerRow>;
