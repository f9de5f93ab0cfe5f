/**
 * @promise P05 every personal field is kept for a purpose
 * @promise P18 no column that could hold personal data is missing from identity's
 * @promise P31 no table or folder of identity's is in no store
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { eventCatalog, personal } from '@vouchsafe/event-sourcing';
import {
  DATA_STORES,
  type DataStore,
  declaredColumns,
  inventoryOf,
  libraryStores,
} from '@vouchsafe/service-host';
import { inventoryGaps, storeGaps } from '@vouchsafe/testing';
import { z } from 'zod';
import { identityApp, type IdentityApp } from '../testing/identity-app.js';
import { impersonalColumns, personalColumns } from './personal-columns.js';

describe('the data inventory (P18)', () => {
  let app: IdentityApp;
  beforeAll(async () => {
    app = await identityApp();
  });
  afterAll(() => app.stop());

  it('names every personal field of events, contracts and tables of every service with its purpose', async () => {
    const ada = await app.signUp();
    const { body } = await app.ask('GET', '/v1/data-inventory', { session: ada.session });
    const items = body.items as Record<string, string>[];
    expect(items).toContainEqual(
      expect.objectContaining({
        place: 'user-registered',
        field: 'email',
        purpose: 'account',
        form: 'sealed',
      }),
    );
    expect(items).toContainEqual(
      expect.objectContaining({ place: 'vouchsafe.identity.logged-in.v1', field: 'sourceIp', form: 'clear' }),
    );
    expect(items).toContainEqual(expect.objectContaining({ place: 'password.hash', form: 'hashed' }));
    expect(new Set(items.map(({ service }) => service))).toEqual(new Set(serviceNames));
    expect(items.every(({ purpose, retention }) => purpose !== '' && retention !== '')).toBe(true);
  });

  it('fails for a personal field that is kept for no purpose', () => {
    const purposeless = eventCatalog({
      planted: {
        version: 1,
        visibility: 'private',
        schema: z.strictObject({
          id: z.string(),
          shoeSize: personal(z.string(), { purpose: '' as 'account', subject: 'id' }),
        }),
      },
    });
    const kept = { service: 'identity', publishing: [{ catalog: purposeless }], columns: [] } as const;
    expect(() => inventoryOf(kept)).toThrow('planted.shoeSize is kept for no purpose');
  });

  it('misses no column of text or bytes: each one is personal, or about nobody for a reason', async () => {
    const file = 'services/identity/src/data-inventory/personal-columns.ts';
    const declared = declaredColumns(personalColumns, impersonalColumns);
    expect(await inventoryGaps(app.database, declared, file)).toEqual([]);
    expect(await inventoryGaps(app.database, declaredColumns([], impersonalColumns), file)).toContain(
      `account.email_sealed is not declared: add it to personalColumns or impersonalColumns in ${file}`,
    );
  });

  it('has every table and folder in one store, which is emptied with its organization (P31)', async () => {
    const stores = [...app.get<readonly DataStore[]>(DATA_STORES as never), ...libraryStores(app.database)];
    const accounted = {
      personal: personalColumns,
      impersonalTables: {
        attempt_limit: 'keyed hashes that go within an hour; whose they are is not known',
        email_limit: 'keyed hashes that go within two hours; whose they are is not known',
      },
      folders: ['VOUCHSAFE_MAIL_FOLDER'],
    };
    expect(await storeGaps(app.database, stores, accounted)).toEqual([]);
    const [, ...others] = stores;
    expect(await storeGaps(app.database, others, accounted)).toEqual([
      'email is in no store: nothing would be deleted of it',
      'VOUCHSAFE_MAIL_FOLDER is in no store: nothing would be deleted of it',
    ]);
  });
});
