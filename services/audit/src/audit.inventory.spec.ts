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
    const declared = declaredColumns(personalColumns, impersonalColumns);
    expect(await inventoryGaps(database, declared, 'services/audit/src/audit.inventory.ts')).toEqual([]);
  } finally {
    await postgres.stop();
  }
});
