import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from './index.js';

const now = new Date('2026-11-28T12:00:00Z');

let postgres: TestPostgres;
let database: Database;
let folder: string;
let vault: Vault;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-former-vault-'));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => now });
  postgres = await testPostgres();
  database = await postgres.database('former', vaultMigrations);
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

let ours: string;
let theirs: string;
beforeEach(async () => {
  [ours, theirs] = [randomUUID(), randomUUID()];
  await database.asWorker((sql) => vault.todaysTransitKeys(sql, [ours, theirs]));
});

const transitKeysOf = (organizationId: string) =>
  database.asWorker((sql) =>
    sql.query('select id from vault_transit_key where organization_id = $1', [organizationId]),
  );
const sealed = () =>
  database.asWorker((sql) => vault.seal(sql, { organizationId: ours, subjectId: 'ada' }, ['name'], 'Ada'));

/** By the statements of release 0.1.0, which knows no transit keys. */
describe('the release before, on this schema', () => {
  it('destroys the transit keys of an organization when it erases a person of it (P10)', async () => {
    await sealed();
    await database.asRetention(async (sql) => {
      await sql.query(
        `insert into vault_erased_key (organization_id, holder, erased_at) values ($1, $2, $3) on conflict do nothing`,
        [ours, 'subject:ada', now],
      );
      expect(
        await sql.query(
          'delete from vault_data_key where organization_id = $1 and holder = $2 returning version',
          [ours, 'subject:ada'],
        ),
      ).toHaveLength(1);
    });
    expect(await transitKeysOf(ours)).toEqual([]);
    expect(await transitKeysOf(theirs)).toHaveLength(1);
    expect(isErased(await sealed())).toBe(true);
  });

  it('removes a superseded key of an organization, with the transit keys under it', async () => {
    await database.asWorker(async (sql) => {
      await sql.query(
        `insert into vault_organization_key (organization_id, version, kek_id, wrapped, created_at)
         select organization_id, version + 1, kek_id, wrapped, created_at from vault_organization_key
         where organization_id = $1`,
        [ours],
      );
      await sql.query(
        `delete from vault_organization_key o
         where organization_id = $1 and version < $2
           and exists (select from vault_organization_key n
             where n.organization_id = $1 and n.version = $2 and n.created_at < $3)
           and not exists (select from vault_data_key d
             where d.organization_id = $1 and d.organization_key_version = o.version)`,
        [ours, 2, new Date(now.getTime() + 1)],
      );
    });
    expect(await transitKeysOf(ours)).toEqual([]);
    expect(await transitKeysOf(theirs)).toHaveLength(1);
  });
});
