/**
 * @promise P05 every personal field is kept for a purpose
 * @promise P18 no column that could hold personal data is missing from identity's
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { eventCatalog, personal } from '@vouchsafe/event-sourcing';
import { declaredColumns, inventoryOf } from '@vouchsafe/service-host';
import { inventoryGaps } from '@vouchsafe/testing';
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
});
