import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** The register of customers: which organization is which customer at Stripe. */
export const CustomerRow = defineEntity({
  name: 'Customer',
  tableName: 'customer',
  properties: {
    organizationId: p.uuid().primary(),
    customerId: p.text().unique('customer_customer_id_key'),
    createdAt: p.string().columnType('timestamptz'),
  },
});
export type CustomerRow = InferEntity<typeof CustomerRow>;
