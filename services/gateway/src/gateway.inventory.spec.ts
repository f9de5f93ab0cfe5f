/** @promise P18 the same of the gateway */
import { expect, it } from '@jest/globals';
import { declaredColumns, libraryStores, withSharedMigrations } from '@vouchsafe/service-host';
import { inventoryGaps, storeGaps, testPostgres } from '@vouchsafe/testing';
import { impersonalColumns, personalColumns } from './gateway.inventory.js';
import { gatewayStores } from './gateway.stores.js';
import { gatewayMigrations } from './persistence/migrations.js';

it('accounts for every column that could hold personal data, and every table of customers (P18, P31)', async () => {
  const postgres = await testPostgres();
  try {
    const database = await postgres.database('gateway', withSharedMigrations(gatewayMigrations));
    const declared = declaredColumns(personalColumns, impersonalColumns);
    expect(await inventoryGaps(database, declared, 'services/gateway/src/gateway.inventory.ts')).toEqual([]);
    const stores = [...gatewayStores(database), ...libraryStores(database)];
    const accounted = { personal: personalColumns, impersonalTables: { gateway_instance: 'of instances' } };
    expect(await storeGaps(database, stores, accounted)).toEqual([]);
    expect(await storeGaps(database, libraryStores(database), accounted)).toEqual([
      'open_entry is in no store: nothing would be deleted of it',
    ]);
  } finally {
    await postgres.stop();
  }
});
