import { expect, it } from '@jest/globals';
import { declaredColumns, libraryStores, withSharedMigrations } from '@vouchsafe/service-host';
import { inventoryGaps, storeGaps, testPostgres } from '@vouchsafe/testing';
import { impersonalColumns, personalColumns } from './lifecycle.inventory.js';
import { FolderBodyStore } from './attachment/folder-body-store.js';
import { folders, lifecycleStores } from './lifecycle.stores.js';
import { LifecycleReturned } from './return/lifecycle-returned.js';
import { lifecycleMigrations } from './persistence/migrations.js';

const nobody = undefined as never;
/** Nothing of it is read. */
const nobodys = new LifecycleReturned(...([] as unknown as ConstructorParameters<typeof LifecycleReturned>));

it('accounts for every column that could hold personal data, and every table of customers (P18, P31)', async () => {
  const postgres = await testPostgres();
  try {
    const database = await postgres.database('lifecycle', withSharedMigrations(lifecycleMigrations));
    const declared = declaredColumns(personalColumns, impersonalColumns);
    expect(await inventoryGaps(database, declared, 'services/lifecycle/src/lifecycle.inventory.ts')).toEqual(
      [],
    );
    const stores = [
      ...lifecycleStores(database, new FolderBodyStore('/nowhere'), nobodys, nobody),
      ...libraryStores(database),
    ];
    const impersonalTables = {
      body_search: 'when bodies of attachments are listed again',
      statistics: 'counts of at least ten organizations',
    };
    const accounted = { personal: personalColumns, impersonalTables, folders };
    expect(await storeGaps(database, stores, accounted)).toEqual([]);
    const others = stores.filter(({ name }) => name !== 'attachments');
    expect(await storeGaps(database, others, accounted)).toEqual(
      ['attachment', 'unknown_body', ...folders].map(
        (place) => `${place} is in no store: nothing would be deleted of it`,
      ),
    );
  } finally {
    await postgres.stop();
  }
});
