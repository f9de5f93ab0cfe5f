/** @promise P18, P31 the same of audit */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type DataStore, declaredColumns, libraryStores, NO_PERSON } from '@vouchsafe/service-host';
import { inventoryGaps, storeGaps } from '@vouchsafe/testing';
import { impersonalColumns, personalColumns } from './audit.inventory.js';
import { auditStores, EXPORTS } from './audit.stores.js';
import { RemoveLog } from './erasure/remove-log.js';
import { RemovePerson } from './erasure/remove-person.js';
import { RemoveBundles } from './export/remove-bundles.js';
import { AuditReturned } from './audit.returned.js';
import { ListEntriesOfPerson } from './entry/list-entries-of-person.js';
import { ListEntries } from './entry/list-entries.js';
import { ExpiringEntries } from './retention/expiring-entries.js';
import { CheckpointSigner } from './log/checkpoint-signer.js';
import { type AuditDatabase, auditDatabase } from './testing/audit-database.js';

let audit: AuditDatabase;
let stores: readonly DataStore[];
beforeAll(async () => {
  audit = await auditDatabase();
  const { database, vault, clock } = audit;
  const signer = new CheckpointSigner(database, vault, clock, { error: () => undefined });
  const own = auditStores(
    database,
    new RemovePerson(database),
    new RemoveLog(database, signer, clock),
    new RemoveBundles(database, { path: '/nowhere' }),
    new AuditReturned(new ListEntries(database, vault), new ListEntriesOfPerson(database, vault)),
    new ExpiringEntries(database, { VOUCHSAFE_AUDIT_RETENTION_MONTHS: 12 }),
  );
  stores = [...own, ...libraryStores(database)];
});
afterAll(() => audit.stop());

it('accounts for every column of the database that could hold personal data (P18)', async () => {
  const declared = declaredColumns(personalColumns, impersonalColumns);
  const file = 'services/audit/src/audit.inventory.ts';
  expect(await inventoryGaps(audit.database, declared, file)).toEqual([]);
});

const accounted = { personal: personalColumns, folders: [EXPORTS] };

it('has a store for every table and folder of customers (P31)', async () => {
  expect(await storeGaps(audit.database, stores, accounted)).toEqual([]);
});

it('and a place that no store has is found', async () => {
  const but = stores.filter(({ name }) => name !== 'exports');
  expect(await storeGaps(audit.database, but, accounted)).toEqual([
    ...['export', 'export_subject', EXPORTS].map(
      (place) => `${place} is in no store: nothing would be deleted of it`,
    ),
  ]);
});

it('and a place with personal values that a person gets no copy of, without a reason (P10)', async () => {
  const planted = stores.map((store) =>
    store.name === 'entries' ? { ...store, access: { tables: [] } } : store,
  );
  expect(await storeGaps(audit.database, planted, accounted)).toEqual(
    ['disclosure', 'entry'].map(
      (place) =>
        `${place} has personal values, and the store entries does not say whether a person gets them`,
    ),
  );
  const silent = stores.map((store) => (store.name === 'entries' ? { ...store, access: NO_PERSON } : store));
  expect(await storeGaps(audit.database, silent, accounted)).toEqual([
    'the store entries says something of a person, and gives the person nothing of it',
  ]);
});
