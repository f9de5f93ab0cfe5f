import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

const time = () => p.string().columnType('timestamptz');

/** The register of payment methods that are saved, and of those that were. */
export const PaymentMethodRow = defineEntity({
  name: 'PaymentMethod',
  tableName: 'payment_method',
  properties: {
    organizationId: p.uuid(),
    paymentMethodId: p.text().primary(),
    /** Null when it is detached. */
    customerId: p.text().nullable(),
    kind: p.text(),
    /** Brand, last four digits and expiry, as JSON; sealed under the organization's key of the month, for nobody knows whose card it is. */
    cardSealed: p.text().nullable(),
    createdAt: time(),
    detachedAt: time().nullable(),
    observedAt: time(),
  },
  uniques: [
    {
      name: 'payment_method_organization_id_created_at_payment_method_id_key',
      properties: ['organizationId', 'createdAt', 'paymentMethodId'],
    },
  ],
});
export type PaymentMethodRow = InferEntity<typeof PaymentMethodRow>;
