import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventCatalog, personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { identityMigrations } from '../persistence/migrations.js';
import { identityApp, type IdentityApp } from '../testing/identity-app.js';
import { dataInventory } from './data-inventory.js';
import { impersonalColumns, personalColumns } from './personal-columns.js';

describe('the data inventory (P18)', () => {
  let app: IdentityApp;
  beforeAll(async () => {
    app = await identityApp();
  });
  afterAll(() => app.stop());

  it('names every personal field of events, contracts and tables with its purpose', async () => {
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
    expect(() => dataInventory([{ catalog: purposeless }])).toThrow(
      'planted.shoeSize is kept for no purpose',
    );
  });

  it('misses no column of text or bytes: each one of ours is personal, or about nobody for a reason', async () => {
    const own = new Set(
      identityMigrations.flatMap(({ sql }) =>
        [...sql(roles).matchAll(/create table (\w+)/g)].map(([, table]) => table ?? ''),
      ),
    );
    expect(own.size).toBeGreaterThan(10);
    const columns = await app.database.asWorker((sql) =>
      sql.query<{ place: string; table: string }>(
        `select c.relname || '.' || a.attname as place, c.relname as table
         from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
           and format_type(a.atttypid, a.atttypmod) in ('text', 'bytea', 'jsonb', 'inet')`,
      ),
    );
    const found = columns.filter(({ table }) => own.has(table)).map(({ place }) => place);
    const declared = [
      ...personalColumns.map(({ table, column }) => `${table}.${column}`),
      ...Object.keys(impersonalColumns),
    ];
    expect(found.sort()).toEqual(declared.sort());
  });
});

const roles = { migrator: 'm', request: 'r', worker: 'w', retention: 't', lookup: 'l' };
