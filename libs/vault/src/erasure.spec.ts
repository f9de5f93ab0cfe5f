import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, type Sql, type Transaction } from '@vouchsafe/database';
import { ERASED, isErased, personal, personalFields } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { z } from 'zod';
import {
  KEY_CACHE_MILLISECONDS,
  type KeyProvider,
  localKeyProvider,
  type SubjectScope,
  Vault,
  vaultMigrations,
} from './index.js';

const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';
const context = ['member', '17', 'name'];
const noon = new Date('2026-11-22T12:00:00Z');

let postgres: TestPostgres;
let database: Database;
let provider: KeyProvider;
let folder: string;
let clock: Date;
let vault: Vault;
let subject: SubjectScope;
let subjects = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-erasure-'));
  provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  postgres = await testPostgres();
  database = await postgres.database('erasure', vaultMigrations);
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  clock = noon;
  vault = newVault();
  subjects += 1;
  subject = { organizationId, subjectId: `subject-${subjects}` };
});

/** As another process of the same service has one. */
function newVault(): Vault {
  return new Vault({ provider, environment: 'test', now: () => clock });
}

function asOurs<T>(work: (sql: Transaction) => Promise<T>): Promise<T> {
  return database.forOrganization(organizationId, work);
}

async function seal(sql: Sql, by: Vault, plaintext = 'Ada'): Promise<string> {
  const sealed = await by.seal(sql, subject, context, plaintext);
  if (isErased(sealed)) throw new Error('The subject is erased');
  return sealed;
}

function open(by: Vault, sealed: string) {
  return asOurs((sql) => by.open(sql, subject, context, sealed));
}

function destroy(by: Vault = vault) {
  return database.asRetention((sql) => by.destroySubject(sql, subject, clock));
}

function keysOfSubject() {
  return database.asWorker((sql) =>
    sql.query('select version from vault_data_key where holder = $1', [`subject:${subject.subjectId}`]),
  );
}

describe("an erasure destroys the subject's key (P10)", () => {
  it('so that its values read as erased, and nothing is sealed for it again', async () => {
    const sealed = await asOurs((sql) => seal(sql, vault));
    expect(await open(vault, sealed)).toBe('Ada');
    expect(await destroy()).toEqual({
      keysDestroyed: 1,
      erasedAt: noon,
      effectiveFrom: new Date(noon.getTime() + 65_000),
    });
    for (const anyone of [vault, newVault()]) {
      expect(await open(anyone, sealed)).toBe(ERASED);
      expect(await asOurs((sql) => anyone.seal(sql, subject, context, 'Ada'))).toBe(ERASED);
    }
    expect(await keysOfSubject()).toEqual([]);
  });

  it('and leaves other subjects and organizations alone', async () => {
    const erased = subject;
    await asOurs((sql) => seal(sql, vault));
    for (const other of [
      { ...erased, subjectId: 'someone-else' },
      { ...erased, organizationId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02' },
    ]) {
      subject = other;
      const sealed = await database.asWorker((sql) => seal(sql, vault));
      await database.asRetention((sql) => vault.destroySubject(sql, erased, clock));
      expect(await database.asWorker((sql) => newVault().open(sql, other, context, sealed))).toBe('Ada');
    }
  });

  it('also where no key was ever made', async () => {
    expect(await destroy()).toMatchObject({ keysDestroyed: 0 });
    expect(await asOurs((sql) => vault.seal(sql, subject, context, 'Ada'))).toBe(ERASED);
  });

  it('once: repeated, it gives the first instant, and a receipt waits anew', async () => {
    await asOurs((sql) => seal(sql, vault));
    await destroy();
    clock = new Date(noon.getTime() + 1_000_000);
    expect(await destroy()).toEqual({
      keysDestroyed: 0,
      erasedAt: noon,
      effectiveFrom: new Date(clock.getTime() + 65_000),
    });
  });

  it('not at all when its transaction rolls back', async () => {
    const sealed = await asOurs((sql) => seal(sql, vault));
    await database
      .asRetention(async (sql) => {
        await vault.destroySubject(sql, subject, clock);
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    expect(await open(vault, sealed)).toBe('Ada');
    expect(await open(newVault(), sealed)).toBe('Ada');
  });

  it('and personal fields read and are written as erased', async () => {
    const fields = personalFields(
      z.object({ id: z.string(), name: personal(z.string(), { purpose: 'account', subject: 'id' }) }),
    );
    const data = { id: subject.subjectId, name: 'Ada' };
    const stored = await asOurs((sql) => vault.sealFields(sql, organizationId, fields, data, context));
    await destroy();
    const erased = { id: subject.subjectId, name: { erased: true } };
    for (const replay of [
      (sql: Sql) => vault.openFields(sql, organizationId, fields, stored, context),
      (sql: Sql) => vault.sealFields(sql, organizationId, fields, data, context),
    ]) {
      expect(await asOurs(replay)).toEqual(erased);
    }
    expect(await asOurs((sql) => vault.openFields(sql, organizationId, fields, erased, context))).toEqual(
      erased,
    );
  });
});

describe('an opened key is held', () => {
  it('for 60 seconds at most, in a process that does not hear of the erasure', async () => {
    const elsewhere = newVault();
    const sealed = await asOurs((sql) => seal(sql, vault));
    await open(elsewhere, sealed);
    await destroy();
    clock = new Date(noon.getTime() + KEY_CACHE_MILLISECONDS - 1);
    expect(await open(elsewhere, sealed)).toBe('Ada');
    clock = new Date(noon.getTime() + KEY_CACHE_MILLISECONDS);
    expect(await open(elsewhere, sealed)).toBe(ERASED);
  });

  it('is not held longer because it is used', async () => {
    const elsewhere = newVault();
    const sealed = await asOurs((sql) => seal(sql, vault));
    await open(elsewhere, sealed);
    await destroy();
    for (const seconds of [20, 40, 59]) {
      clock = new Date(noon.getTime() + seconds * 1_000);
      await open(elsewhere, sealed);
    }
    clock = new Date(noon.getTime() + 60_000);
    expect(await open(elsewhere, sealed)).toBe(ERASED);
  });

  it('until the process hears of it', async () => {
    const elsewhere = newVault();
    const sealed = await asOurs((sql) => seal(sql, vault));
    await open(elsewhere, sealed);
    await destroy();
    elsewhere.evict(subject);
    expect(await open(elsewhere, sealed)).toBe(ERASED);
  });

  it('not at all when it was read while the process heard of it', async () => {
    const elsewhere = newVault();
    const sealed = await asOurs((sql) => seal(sql, vault));
    await asOurs((sql) => {
      const overtaken: Sql = {
        query: async (text, values) => {
          const rows = await sql.query<never>(text, values);
          await destroy();
          elsewhere.evict(subject);
          return rows;
        },
      };
      return elsewhere.open(overtaken, subject, context, sealed);
    });
    expect(await open(elsewhere, sealed)).toBe(ERASED);
  });
});

describe('a key and its transaction', () => {
  it('is of use in the transaction that makes it', async () => {
    const [sealed, opened] = await asOurs(async (sql) => {
      const value = await seal(sql, vault);
      return [value, await vault.open(sql, subject, context, value)];
    });
    expect(opened).toBe('Ada');
    expect(await open(newVault(), sealed)).toBe('Ada');
  });

  it('is never used again when that rolls back', async () => {
    await asOurs(async (sql) => {
      await seal(sql, vault);
      await vault.keyedHashFor(sql, organizationId, 'name', 'Ada');
      throw new Error('rolled back');
    }).catch(() => undefined);
    expect(await keysOfSubject()).toEqual([]);
    const sealed = await asOurs((sql) => seal(sql, vault));
    expect(await keysOfSubject()).toHaveLength(1);
    expect(await open(newVault(), sealed)).toBe('Ada');
  });

  it('is never used again when that rolls back, where it is the whole service’s', async () => {
    const inVain = await database
      .asWorker(async (sql) => {
        const made = await vault.keyedHash(sql, 'e-mail', 'ada@');
        expect(await vault.keyedHash(sql, 'e-mail', 'ada@')).toEqual(made);
        throw new Error(made.toString('hex'));
      })
      .catch((error: unknown) => (error as Error).message);
    const kept = await database.asWorker((sql) => vault.keyedHash(sql, 'e-mail', 'ada@'));
    expect(kept.toString('hex')).not.toBe(inVain);
    expect(await database.asWorker((sql) => newVault().keyedHash(sql, 'e-mail', 'ada@'))).toEqual(kept);
  });

  it('is never used again when only a part of that rolls back', async () => {
    const sealed = await asOurs(async (sql) => {
      await sql.query('savepoint part');
      await seal(sql, vault);
      await sql.query('rollback to savepoint part');
      return seal(sql, vault);
    });
    expect(await open(newVault(), sealed)).toBe('Ada');
  });

  it('is one when several make it at once', async () => {
    const sealed = await Promise.all(Array.from({ length: 8 }, () => asOurs((sql) => seal(sql, newVault()))));
    expect(await keysOfSubject()).toEqual([{ version: 1 }]);
    const reader = newVault();
    expect(await Promise.all(sealed.map((value) => open(reader, value)))).toEqual(sealed.map(() => 'Ada'));
  });
});

describe('an erasure and the making of the key at the same time', () => {
  it('waits for who makes it, and destroys what was made', async () => {
    let erasure: Promise<unknown> | undefined;
    let erased = false;
    const sealed = await asOurs(async (sql) => {
      const value = await seal(sql, vault);
      erasure = destroy(newVault()).then(() => (erased = true));
      await setTimeout(200);
      expect(erased).toBe(false);
      return value;
    });
    await erasure;
    expect(await keysOfSubject()).toEqual([]);
    expect(await open(newVault(), sealed)).toBe(ERASED);
  });

  it('lets nobody make it who was waiting', async () => {
    let waiting: Promise<unknown> | undefined;
    await database.asRetention(async (sql) => {
      await vault.destroySubject(sql, subject, clock);
      waiting = asOurs((other) => newVault().seal(other, subject, context, 'Ada'));
      await setTimeout(200);
    });
    expect(await waiting).toBe(ERASED);
    expect(await keysOfSubject()).toEqual([]);
  });

  it('leaves no key, whichever comes first', async () => {
    for (let round = 0; round < 20; round += 1) {
      subject = { organizationId, subjectId: `raced-${round}` };
      await Promise.all([
        ...Array.from({ length: 3 }, () => asOurs((sql) => newVault().seal(sql, subject, context, 'Ada'))),
        setTimeout(round % 5).then(() => destroy(newVault())),
      ]);
      expect(await keysOfSubject()).toEqual([]);
    }
  });
});
