import { expect, it } from '@jest/globals';
import { declaredColumns, withSharedMigrations } from '@vouchsafe/service-host';
import { inventoryGaps, testPostgres } from '@vouchsafe/testing';
import { impersonalColumns, personalColumns } from './lifecycle.inventory.js';
import { lifecycleMigrations } from './persistence/migrations.js';

it('accounts for every column of the database that could hold personal data (P18)', async () => {
  const postgres = await testPostgres();
  try {
    const database = await postgres.database('lifecycle', withSharedMigrations(lifecycleMigrations));
    const declared = declaredColumns(personalColumns, impersonalColumns);
    expect(await inventoryGaps(database, declared, 'services/lifecycle/src/lifecycle.inventory.ts')).toEqual(
      [],
    );
  } finally {
    await postgres.stop();
  }
});
