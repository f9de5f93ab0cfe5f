import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { ERASED } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from './index.js';

const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';

describe('the vault', () => {
  let postgres: TestPostgres;
  let database: Database;
  let vault: Vault;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vault-'));
    postgres = await testPostgres();
    database = await postgres.database('vault', vaultMigrations);
    const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
    vault = new Vault({ provider, environment: 'test', now: () => new Date() });
  });
  afterAll(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true });
  });

  it('opens what it sealed, and gives ERASED after the erasure (P10)', async () => {
    const scope = { organizationId, subjectId: 'ada' };
    const sealed = await database.forOrganization(organizationId, (sql) =>
      vault.seal(sql, scope, ['a', 'b'], 'Ada'),
    );
    if (typeof sealed !== 'string') throw new Error('sealed');
    expect(sealed).toMatch(/^v1\.1\.[\w-]+$/);
    expect(await database.asWorker((sql) => vault.open(sql, scope, ['a', 'b'], sealed))).toBe('Ada');
    const done = await database.asRetention((sql) => vault.destroySubject(sql, scope, new Date()));
    expect(done.keysDestroyed).toBe(1);
    expect(await database.asWorker((sql) => vault.open(sql, scope, ['a', 'b'], sealed))).toBe(ERASED);
    expect(await database.forOrganization(organizationId, (sql) => vault.seal(sql, scope, [], 'x'))).toBe(
      ERASED,
    );
  });

  it('hashes', async () => {
    const one = await database.beforeOrganization((sql) => vault.keyedHash(sql, 'email', 'a@b'));
    const two = await database.asWorker((sql) => vault.keyedHash(sql, 'email', 'a@b'));
    expect(one.equals(two)).toBe(true);
    expect(
      await database.asWorker((sql) => vault.keyedHashFor(sql, organizationId, 'ip', 'a@b')),
    ).toHaveLength(32);
  });
});
