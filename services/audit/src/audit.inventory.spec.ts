/** @promise P18 the same of audit */
import { expect, it } from '@jest/globals';
import { declaredColumns, withSharedMigrations } from '@vouchsafe/service-host';
import { inventoryGaps, testPostgres } from '@vouchsafe/testing';
import { impersonalColumns, personalColumns } from './audit.inventory.js';
import { auditMigrations } from './persistence/migrations.js';

it('accounts for every column of the database that could hold personal data (P18)', async () => {
  const postgres = await testPostgres();
  try {
    const database = await postgres.database('audit', withSharedMigrations(auditMigrations));
    expect(await inventoryGaps(database, declaredColumns(personalColumns, impersonalColumns))).toEqual([]);
  } finally {
    await postgres.stop();
  }
});
