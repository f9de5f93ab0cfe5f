import { expect, it } from '@jest/globals';
import { DATA_STORES, type DataStore, declaredColumns, libraryStores } from '@vouchsafe/service-host';
import { inventoryGaps, storeGaps } from '@vouchsafe/testing';
import { impersonalColumns, personalColumns } from './billing.inventory.js';
import { billingApp } from './testing/billing-app.js';

it('accounts for every column that could hold personal data, and every table of customers (P18, P31)', async () => {
  const app = await billingApp();
  try {
    const { database } = app;
    const declared = declaredColumns(personalColumns, impersonalColumns);
    expect(await inventoryGaps(database, declared, 'services/billing/src/billing.inventory.ts')).toEqual([]);
    const own = app.get<readonly DataStore[]>(DATA_STORES as never);
    const accounted = {
      personal: personalColumns,
      impersonalTables: { price: 'what is sold', reconciliation: 'when billing compared itself with Stripe' },
    };
    expect(await storeGaps(database, [...own, ...libraryStores(database)], accounted)).toEqual([]);
    const [, ...others] = own;
    expect(await storeGaps(database, [...others, ...libraryStores(database)], accounted)).toEqual([
      'intent is in no store: nothing would be deleted of it',
    ]);
  } finally {
    await app.stop();
  }
});
