import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database, Sql } from '@vouchsafe/database';
import { ERASED } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { type KeyProvider, localKeyProvider, openJwe, sealJwe, Vault, vaultMigrations } from './index.js';

const context = ['member', '17', 'name'];
const noon = new Date('2026-11-28T12:00:00Z');
const DAY_MS = 86_400_000;

let postgres: TestPostgres;
let database: Database;
let provider: KeyProvider;
let folder: string;
let clock: Date;
let vault: Vault;
let ours: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-transit-'));
  provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  postgres = await testPostgres();
  database = await postgres.database('transit', vaultMigrations);
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  clock = noon;
  vault = newVault();
  ours = randomUUID();
});

/** As another process of the same service has one. */
function newVault(): Vault {
  return new Vault({ provider, environment: 'test', now: () => clock });
}

const ada = () => ({ organizationId: ours, subjectId: 'ada' });

async function todays(sql: Sql, by = vault, organizationId = ours) {
  const key = (await by.todaysTransitKeys(sql, [organizationId])).get(organizationId);
  if (!key) throw new Error('There is no key of today');
  return key;
}

const today = (by = vault, organizationId = ours) =>
  database.asWorker((sql) => todays(sql, by, organizationId));
const standing = async (...ids: string[]) =>
  (await database.asWorker((sql) => newVault().findTransitKeys(sql, ids))).map(({ id }) => id);
const erase = (by = newVault()) => database.asRetention((sql) => by.destroySubject(sql, ada(), clock));

describe('a transit key', () => {
  it('is one for each organization and day, in all processes, and opens what it has sealed', async () => {
    const key = await today();
    const sealed = sealJwe(key.key, {}, 'Ada');
    const elsewhere = await today(newVault());
    expect(elsewhere.id).toBe(key.id);
    expect(openJwe(elsewhere.key, sealed)?.plaintext).toBe('Ada');
    const [asked] = await database.asWorker((sql) => newVault().findTransitKeys(sql, [key.id, randomUUID()]));
    expect(asked && openJwe(asked.key, sealed)?.plaintext).toBe('Ada');
    expect((await today(vault, randomUUID())).id).not.toBe(key.id);
    clock = new Date(noon.getTime() + DAY_MS);
    const tomorrow = await today();
    expect(tomorrow.id).not.toBe(key.id);
    expect(openJwe(tomorrow.key, sealed)).toBeUndefined();
    expect(await standing(key.id, tomorrow.id)).toHaveLength(2);
  });

  it('is one when several make it at once, of many organizations', async () => {
    const organizations = Array.from({ length: 40 }, () => randomUUID());
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, nth) =>
        database.asWorker((sql) =>
          newVault().todaysTransitKeys(sql, nth % 2 ? organizations : organizations.toReversed()),
        ),
      ),
    );
    const ids = made.map((keys) => organizations.map((id) => keys.get(id)?.id));
    expect(new Set(ids.flat()).size).toBe(organizations.length);
    for (const own of ids) expect(own).toEqual(ids[0]);
  });

  it('is never used that a transaction has taken back', async () => {
    let inVain = '';
    await database
      .asWorker(async (sql) => {
        inVain = (await todays(sql)).id;
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    const key = await today();
    expect(key.id).not.toBe(inVain);
    expect(await standing(inVain, key.id)).toEqual([key.id]);
  });

  it('is nothing to the role of requests (P19)', async () => {
    await today();
    await expect(
      database.forOrganization(ours, (sql) => sql.query('select * from vault_transit_key')),
    ).rejects.toThrow('permission denied');
    await expect(
      database.asWorker((sql) =>
        sql.query('delete from vault_transit_key where organization_id = $1', [ours]),
      ),
    ).rejects.toThrow('permission denied');
  });

  it('is deleted when no topic keeps a message under it any more', async () => {
    const old = await today();
    clock = new Date(noon.getTime() + DAY_MS);
    const younger = await today();
    await database.asRetention((sql) => vault.deleteTransitKeysUpTo(sql, '2026-11-27'));
    expect(await standing(old.id, younger.id)).toHaveLength(2);
    await database.asRetention((sql) => vault.deleteTransitKeysUpTo(sql, '2026-11-28'));
    expect(await standing(old.id, younger.id)).toEqual([younger.id]);
  });

  it('stands after a rotation of the organization’s key, which leaves nothing under the old one', async () => {
    const key = await today();
    const sealed = sealJwe(key.key, {}, 'Ada');
    await database.asWorker((sql) => vault.rotateOrganizationKey(sql, ours));
    expect(await database.asWorker((sql) => vault.rewrapDataKeys(sql, ours))).toEqual({
      rewrapped: 1,
      remaining: 0,
    });
    clock = new Date(noon.getTime() + 600_000);
    await database.asWorker((sql) => vault.rewrapDataKeys(sql, ours));
    const versions = await database.asWorker((sql) =>
      sql.query('select version from vault_organization_key where organization_id = $1', [ours]),
    );
    expect(versions).toEqual([{ version: 2 }]);
    const again = await today(newVault());
    expect([again.id, openJwe(again.key, sealed)?.plaintext]).toEqual([key.id, 'Ada']);
  });
});

describe('an erasure destroys transit keys (P10)', () => {
  it('of all days of the organization, and of no other; what comes next is under a fresh one', async () => {
    const theirs = await today(vault, randomUUID());
    const yesterday = await today();
    clock = new Date(noon.getTime() + DAY_MS);
    const before = await today();
    await erase();
    expect(await standing(yesterday.id, before.id, theirs.id)).toEqual([theirs.id]);
    const since = await today();
    expect([yesterday.id, before.id]).not.toContain(since.id);
    expect(await standing(since.id)).toEqual([since.id]);
  });

  it('not where its transaction rolls back', async () => {
    const key = await today();
    await database
      .asRetention(async (sql) => {
        await newVault().destroySubject(sql, ada(), clock);
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    expect((await today()).id).toBe(key.id);
  });

  it('again, where it is carried out again: a restored database has them back', async () => {
    await erase();
    const key = await today();
    await erase();
    expect(await standing(key.id)).toEqual([]);
  });

  it('those that are just being made, too: it waits for their commit', async () => {
    let erasure: Promise<unknown> | undefined;
    let erased = false;
    const key = await database.asWorker(async (sql) => {
      const made = await todays(sql);
      erasure = erase().then(() => (erased = true));
      await setTimeout(200);
      expect(erased).toBe(false);
      return made;
    });
    await erasure;
    expect(await standing(key.id)).toEqual([]);
  });
});

describe('what is opened behind a transit key of today', () => {
  /** Of Ada, sealed; and a process that holds her key open. */
  async function heldOpen(): Promise<{ sealed: string; holder: Vault }> {
    const holder = newVault();
    const sealed = await database.asWorker((sql) => vault.seal(sql, ada(), context, 'Ada'));
    if (typeof sealed !== 'string') throw new Error('Ada is erased');
    const open = await database.asWorker((sql) => holder.open(sql, ada(), context, sealed));
    expect(open).toBe('Ada');
    return { sealed, holder };
  }
  const openBehind = (by: Vault, sealed: string) =>
    database.asWorker(async (sql) => {
      const { id } = await todays(sql, by);
      return { id, opened: await by.open(sql, ada(), context, sealed) };
    });

  it('is erased where an erasure has taken the last one, though this process heard of none', async () => {
    const { sealed, holder } = await heldOpen();
    await openBehind(holder, sealed);
    await erase();
    expect((await openBehind(holder, sealed)).opened).toBe(ERASED);
  });

  it('is erased where another process has made the new one meanwhile', async () => {
    const { sealed, holder } = await heldOpen();
    await openBehind(holder, sealed);
    await erase();
    const { id } = await today(newVault());
    expect(await openBehind(holder, sealed)).toEqual({ id, opened: ERASED });
  });

  it('is erased, or sealed by what the erasure destroys, when both happen at once', async () => {
    for (let round = 0; round < 30; round += 1) {
      ours = randomUUID();
      const { sealed, holder } = await heldOpen();
      if (round % 2) await openBehind(holder, sealed);
      const [, ...seen] = await Promise.all([
        setTimeout(round % 5).then(() => erase()),
        ...Array.from({ length: 3 }, (_, nth) =>
          setTimeout(2 * nth).then(() => openBehind(nth ? holder : newVault(), sealed)),
        ),
      ]);
      const left = await standing(...seen.map(({ id }) => id));
      expect(seen.filter(({ id, opened }) => opened !== ERASED && left.includes(id))).toEqual([]);
    }
  });
});
