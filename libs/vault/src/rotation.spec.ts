import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { addLocalKek, deleteLocalKek, localKeyProvider, Vault, vaultMigrations } from './index.js';

const organizations = [1, 2, 3].map((index) => `5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c0${index}`);
const [organizationId = ''] = organizations;
const subject = { organizationId, subjectId: 'ada' };
const context = ['member', '17', 'name'];

let postgres: TestPostgres;
let database: Database;
let folder: string;
let kekFile: string;
let clock: Date;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());

let databases = 0;
beforeEach(async () => {
  clock = new Date('2026-11-22T12:00:00Z');
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-rotation-'));
  kekFile = path.join(folder, 'kek.json');
  databases += 1;
  database = await postgres.database(`rotation_${'abcdefgh'.charAt(databases)}`, vaultMigrations);
});
afterEach(() => rm(folder, { recursive: true }));

/** As a process that starts now has one. */
async function startVault(): Promise<Vault> {
  const provider = await localKeyProvider(kekFile, { create: true });
  return new Vault({ provider, environment: 'test', now: () => clock });
}

async function sealed(vault: Vault, scope: { organizationId: string; subjectId: string | null }) {
  const value = await database.asWorker((sql) => vault.seal(sql, scope, context, 'Ada'));
  if (isErased(value)) throw new Error('The subject is erased');
  return value;
}

async function sealedEverywhere(vault: Vault) {
  const scopes = organizations.flatMap((id) =>
    ['ada', 'grace', null].map((subjectId) => ({ organizationId: id, subjectId })),
  );
  return Promise.all(scopes.map(async (scope) => ({ scope, context, sealed: await sealed(vault, scope) })));
}

function openAll(vault: Vault, values: Awaited<ReturnType<typeof sealedEverywhere>>) {
  return database.asWorker((sql) => vault.openMany(sql, values));
}

describe('rotation', () => {
  it('of the KEK: then the old one is deleted, and everything still opens', async () => {
    const running = await startVault();
    const values = await sealedEverywhere(running);
    const hash = await database.asWorker((sql) => running.keyedHash(sql, 'e-mail', 'ada@'));
    const old = await (await localKeyProvider(kekFile)).currentKeyId();
    await addLocalKek(kekFile);

    const steps = [];
    do steps.push(await database.asWorker((sql) => running.rotateKek(sql, 2)));
    while (steps.at(-1)?.remaining);
    expect(steps).toEqual([
      { rewrapped: 3, remaining: 1 },
      { rewrapped: 1, remaining: 0 },
    ]);
    await deleteLocalKek(kekFile, old);

    for (const vault of [running, await startVault()]) {
      expect(await openAll(vault, values)).toEqual(values.map(() => 'Ada'));
      const again = await database.asWorker((sql) => vault.keyedHash(sql, 'e-mail', 'ada@'));
      expect(again.equals(hash)).toBe(true);
    }
  });

  it('of the KEK lets nobody write a key who wrapped it by the old one, and deletes it only then', async () => {
    const running = await startVault();
    await sealedEverywhere(running);
    const old = await (await localKeyProvider(kekFile)).currentKeyId();
    await expect(database.asWorker((sql) => running.retireKek(sql, old))).rejects.toThrow('current');
    const provider = await localKeyProvider(kekFile);
    const straggler = new Vault({
      // Has wrapped by the old KEK, and is slow to write.
      provider: {
        ...provider,
        wrap: async (key, context) => {
          const wrapped = await provider.wrap(key, context);
          await addLocalKek(kekFile);
          await database.asWorker((sql) => running.retireKek(sql, old));
          return wrapped;
        },
      },
      environment: 'test',
      now: () => clock,
    });
    const newcomer = { organizationId: organizationId.replace('5b0c', 'ffff'), subjectId: 'ada' };
    await expect(
      database.asWorker((sql) => straggler.seal(sql, newcomer, context, 'Ada')),
    ).rejects.toMatchObject({ code: '40001' });
    await database.asWorker((sql) => running.rotateKek(sql));
    await deleteLocalKek(kekFile, old);
    const value = await sealed(await startVault(), newcomer);
    expect(await database.asWorker((sql) => running.open(sql, newcomer, context, value))).toBe('Ada');
  });

  it('of the KEK: without it, a deleted KEK takes everything with it', async () => {
    const values = await sealedEverywhere(await startVault());
    const old = await (await localKeyProvider(kekFile)).currentKeyId();
    await addLocalKek(kekFile);
    const check = async () => {
      const vault = await startVault();
      await database.asWorker((sql) => vault.assertKeksOpen(sql));
    };
    await check();
    await deleteLocalKek(kekFile, old);
    await expect(check()).rejects.toMatchObject({ fault: 'kek-unknown' });
    await expect(openAll(await startVault(), values)).rejects.toMatchObject({ fault: 'kek-unknown' });
  });

  it('of the KEK goes on while values are sealed', async () => {
    const running = await startVault();
    const before = await sealedEverywhere(running);
    const old = await (await localKeyProvider(kekFile)).currentKeyId();
    await addLocalKek(kekFile);
    const others = organizations.map((id) => ({
      organizationId: id.replace('5b0c', 'ffff'),
      subjectId: 'ada',
    }));
    const [during] = await Promise.all([
      Promise.all(others.map(async (scope) => ({ scope, context, sealed: await sealed(running, scope) }))),
      database.asWorker((sql) => running.rotateKek(sql)),
    ]);
    await database.asWorker((sql) => running.rotateKek(sql));
    await deleteLocalKek(kekFile, old);
    const all = [...before, ...during];
    expect(await openAll(await startVault(), all)).toEqual(all.map(() => 'Ada'));
  });

  it("of an organization's key: its data keys move, and the old one goes once it has settled", async () => {
    const running = await startVault();
    const values = await sealedEverywhere(running);
    await database.asWorker((sql) => running.rotateOrganizationKey(sql, organizationId));
    const steps = [];
    do steps.push(await database.asWorker((sql) => running.rewrapDataKeys(sql, organizationId, 2)));
    while (steps.at(-1)?.remaining);
    expect(steps).toEqual([
      { rewrapped: 2, remaining: 1 },
      { rewrapped: 1, remaining: 0 },
    ]);
    expect(await organizationKeyVersions()).toEqual([1, 2]);
    clock = new Date(clock.getTime() + 6 * 60_000);
    await database.asWorker((sql) => running.rewrapDataKeys(sql, organizationId));
    expect(await organizationKeyVersions()).toEqual([2]);
    for (const vault of [running, await startVault()]) {
      expect(await openAll(vault, values)).toEqual(values.map(() => 'Ada'));
    }
  });

  it("of a subject's key: new values take it, old ones open, and other processes follow", async () => {
    const [running, other] = [await startVault(), await startVault()];
    const before = await sealed(running, subject);
    await database.asWorker((sql) => other.open(sql, subject, context, before));
    await database.asWorker((sql) => running.rotateSubjectKey(sql, subject));
    const after = await sealed(running, subject);
    expect([before.slice(0, 5), after.slice(0, 5)]).toEqual(['v1.1.', 'v1.2.']);
    for (const vault of [running, other, await startVault()]) {
      for (const value of [before, after]) {
        expect(await database.asWorker((sql) => vault.open(sql, subject, context, value))).toBe('Ada');
      }
    }
    await database.asRetention((sql) => running.destroySubject(sql, subject, clock));
    for (const value of [before, after]) {
      const opened = await database.asWorker((sql) => running.open(sql, subject, context, value));
      expect(isErased(opened)).toBe(true);
    }
  });
});

describe('a rotation for somebody who has no key here', () => {
  it('says so and makes none', async () => {
    const vault = await startVault();
    await sealed(vault, subject);
    const stranger = organizationId.replace('5b0c', 'ffff');
    expect(await database.asWorker((sql) => vault.rotateOrganizationKey(sql, stranger))).toBe(false);
    for (const scope of [
      { ...subject, subjectId: 'grace' },
      { ...subject, organizationId: stranger },
    ])
      expect(await database.asWorker((sql) => vault.rotateSubjectKey(sql, scope))).toBe(false);
    const keys = await database.asWorker((sql) =>
      sql.query(
        `select from vault_organization_key where organization_id = $1
        union all select from vault_data_key where organization_id = $1 or holder = 'subject:grace'`,
        [stranger],
      ),
    );
    expect(keys).toEqual([]);
    expect(await database.asWorker((sql) => vault.rotateOrganizationKey(sql, organizationId))).toBe(true);
  });
});

describe('a key row that was moved', () => {
  it('does not open', async () => {
    const vault = await startVault();
    const values = await sealedEverywhere(vault);
    const [ada, grace] = values;
    if (!ada || !grace) throw new Error('Both are sealed');
    await database.asWorker((sql) =>
      sql.query(
        `update vault_data_key d set wrapped = other.wrapped from vault_data_key other
         where d.organization_id = $1 and d.holder = 'subject:grace'
           and other.organization_id = $1 and other.holder = 'subject:ada'`,
        [organizationId],
      ),
    );
    const fresh = await startVault();
    await expect(openAll(fresh, [grace])).rejects.toMatchObject({ fault: 'key-does-not-open' });
    expect(await openAll(fresh, [ada])).toEqual(['Ada']);
  });
});

async function organizationKeyVersions(): Promise<number[]> {
  const rows = await database.asWorker((sql) =>
    sql.query<{ version: number }>(
      'select version from vault_organization_key where organization_id = $1 order by version',
      [organizationId],
    ),
  );
  return rows.map(({ version }) => version);
}
