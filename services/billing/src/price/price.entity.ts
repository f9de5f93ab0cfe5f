import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** The prices that are sold, as Stripe last said they are: the same for every organization. */
export const PriceRow = defineEntity({
  name: 'Price',
  tableName: 'price',
  properties: {
    priceId: p.text().primary(),
    product: p.text(),
    /** Of one unit, in the currency's smallest unit. */
    unitAmount: p.bigint('number'),
    currency: p.text(),
    interval: p.text().$type<'day' | 'week' | 'month' | 'year'>(),
    intervalCount: p.integer(),
    observedAt: p.string().columnType('timestamptz'),
  },
});
export type PriceRow = InferEntity<typeof PriceRow>;
