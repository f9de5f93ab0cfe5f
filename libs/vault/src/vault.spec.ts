/**
 * @promise P09 a sealed value opens where it was sealed, and nowhere else
 * @promise P20 a value of another environment does not open
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, postgresFault, type Transaction } from '@vouchsafe/database';
import { ERASED, isErased, personal, personalFields } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import fc from 'fast-check';
import { z } from 'zod';
import { type KeyProvider, localKeyProvider, type Scope, Vault, vaultMigrations } from './index.js';

const [ours, theirs] = [
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01',
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02',
] as const;
const ada: Scope = { organizationId: ours, subjectId: 'ada' };
const nobody: Scope = { organizationId: ours, subjectId: null };
const context = ['user-17', '3', 'user-registered', 'email'];
const november = new Date('2026-11-22T10:00:00Z');

let postgres: TestPostgres;
let database: Database;
let provider: KeyProvider;
let folder: string;
let clock = november;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-vault-'));
  provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  postgres = await testPostgres();
  database = await postgres.database('vault', vaultMigrations);
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

function newVault(environment = 'production'): Vault {
  return new Vault({ provider, environment, now: () => clock });
}

function asOurs<T>(work: (sql: Transaction) => Promise<T>): Promise<T> {
  return database.forOrganization(ours, work);
}

async function sealed(vault: Vault, scope: Scope, plaintext: string): Promise<string> {
  const value = await database.asWorker((sql) => vault.seal(sql, scope, context, plaintext));
  if (isErased(value)) throw new Error('The subject is erased');
  return value;
}

describe('a sealed value', () => {
  it('opens where it was sealed, whatever the text', async () => {
    const vault = newVault();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 }),
        fc.constantFrom('ada', 'grace', null),
        async (plaintext, context, subjectId) => {
          const scope = { organizationId: ours, subjectId };
          const opened = await asOurs(async (sql) => {
            const value = await vault.seal(sql, scope, context, plaintext);
            return typeof value === 'string' ? vault.open(sql, scope, context, value) : value;
          });
          expect(opened).toBe(plaintext);
        },
      ),
    );
  });

  it('has the form v1.<key version>.<base64url>, and shows nothing of its text', async () => {
    const value = await sealed(newVault(), ada, 'ada@example.com');
    expect(value).toMatch(/^v1\.1\.[\w-]+$/);
    expect(Buffer.from(value.slice(5), 'base64url').toString('latin1')).not.toContain('ada@');
    expect(await sealed(newVault(), ada, 'ada@example.com')).not.toBe(value);
  });

  describe('does not open when it was moved to another', () => {
    it.each<[string, Scope, readonly string[]]>([
      ['organization', { ...ada, organizationId: theirs }, context],
      ['subject', { ...ada, subjectId: 'grace' }, context],
      ['kind of scope', nobody, context],
      ['stream', ada, ['user-18', ...context.slice(1)]],
      ['version', ada, context.with(1, '4')],
      ['event type', ada, context.with(2, 'user-invited')],
      ['field', ada, context.with(3, 'name')],
      ['shift of its context', ada, ['user-1', '73', ...context.slice(2)]],
    ])('%s', async (_what, scope, other) => {
      const vault = newVault();
      const value = await sealed(vault, ada, 'ada@example.com');
      await sealed(vault, scope, 'makes the key that is tried'); // else the key would only be missing
      const error: unknown = await database
        .asWorker((sql) => vault.open(sql, scope, other, value))
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ fault: 'value-does-not-open' });
      expect(String(error)).not.toMatch(new RegExp(`ada@|${value.slice(5)}`));
    });
  });

  it('does not open with any character of it changed', async () => {
    const vault = newVault();
    const value = await sealed(vault, ada, 'ada@example.com');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(value.length - 1),
        fc.constantFrom('A', 'Z', 'a', 'z', '0', '1', '9', '-', '_', '.', '='),
        async (at, character) => {
          fc.pre(value[at] !== character);
          const changed = value.slice(0, at) + character + value.slice(at + 1);
          const attempt = asOurs((sql) => vault.open(sql, ada, context, changed));
          await expect(attempt).rejects.toMatchObject({
            fault: expect.stringMatching(/^(value-malformed|value-does-not-open|key-missing)$/),
          });
        },
      ),
    );
  });

  it('does not open in another environment, nor under another KEK (P20)', async () => {
    const value = await sealed(newVault('production'), ada, 'ada@example.com');
    const elsewhere = newVault('test');
    await expect(asOurs((sql) => elsewhere.open(sql, ada, context, value))).rejects.toMatchObject({
      fault: 'kek-does-not-open',
    });
    const strangers = await localKeyProvider(path.join(folder, 'strange.json'), { create: true });
    const stranger = new Vault({ provider: strangers, environment: 'production', now: () => clock });
    await expect(asOurs((sql) => stranger.open(sql, ada, context, value))).rejects.toMatchObject({
      fault: 'kek-unknown',
    });
  });

  it('says that a key is missing when nobody destroyed it', async () => {
    const vault = newVault();
    const value = await sealed(vault, ada, 'x');
    const unheardOf = { ...ada, subjectId: 'unheard-of' };
    await expect(asOurs((sql) => vault.open(sql, unheardOf, context, value))).rejects.toMatchObject({
      fault: 'key-missing',
    });
  });
});

describe('a value about nobody known', () => {
  it('is sealed by the key of its month, and opens in later ones', async () => {
    const vault = newVault();
    const value = await sealed(vault, nobody, 'in November');
    expect(value).toMatch(/^v1\.2026-11-1\./);
    clock = new Date('2026-12-01T00:00:00Z');
    try {
      expect(await asOurs((sql) => vault.open(sql, nobody, context, value))).toBe('in November');
      expect(await sealed(vault, nobody, 'in December')).toMatch(/^v1\.2026-12-1\./);
    } finally {
      clock = november;
    }
  });
});

describe('many values', () => {
  it('cost a few queries, and none once their keys are held open', async () => {
    const values = Array.from({ length: 300 }, (_, index) => ({
      scope: { organizationId: ours, subjectId: `many-${index % 100}` },
      context: ['entry', String(index)],
      plaintext: `value ${index}`,
    }));
    const first = newVault();
    const [results, making] = await counting(database, (sql) => first.sealMany(sql, values));
    expect(making).toBeLessThanOrEqual(5);
    const toOpen = results.map((value, index) => {
      const known = values[index];
      if (isErased(value) || !known) throw new Error('Each is sealed');
      return { ...known, sealed: value };
    });
    const second = newVault();
    const [opened, reading] = await counting(database, (sql) => second.openMany(sql, toOpen));
    expect(opened).toEqual(values.map(({ plaintext }) => plaintext));
    expect(reading).toBe(1);
    expect((await counting(database, (sql) => second.openMany(sql, toOpen)))[1]).toBe(0);
  });
});

describe('personal fields', () => {
  const email = personal(z.string(), { purpose: 'account', subject: 'userId' });
  const fields = personalFields(
    z.object({
      userId: z.string(),
      email,
      nickname: email.optional(),
      address: personal(z.string(), { purpose: 'security', subject: null }),
      invited: z.array(z.object({ userId: z.string().nullable(), email })),
    }),
  );
  const data = {
    userId: 'ada',
    email: 'ada@example.com',
    address: '192.0.2.7',
    invited: [
      { userId: 'grace', email: 'grace@example.com' },
      { userId: null, email: 'someone@example.com' },
    ],
  };

  it('are sealed each by its subject, and open again', async () => {
    const vault = newVault();
    const stored = await asOurs((sql) => vault.sealFields(sql, ours, fields, data, context));
    expect(stored).toEqual({
      userId: 'ada',
      email: { sealed: expect.stringMatching(/^v1\.1\./) },
      address: { sealed: expect.stringMatching(/^v1\.2026-11-1\./) },
      invited: [
        { userId: 'grace', email: { sealed: expect.stringMatching(/^v1\.1\./) } },
        { userId: null, email: { sealed: expect.stringMatching(/^v1\.2026-11-1\./) } },
      ],
    });
    expect(data.email).toBe('ada@example.com');
    expect(await asOurs((sql) => vault.openFields(sql, ours, fields, stored, context))).toEqual(data);
  });

  it('do not open when two of one person are exchanged', async () => {
    const vault = newVault();
    const twins = { ...data, invited: [data.invited[0], { userId: 'grace', email: 'other@example.com' }] };
    const stored = await asOurs((sql) => vault.sealFields(sql, ours, fields, twins, context));
    const exchanged = { ...stored, invited: (stored as typeof twins).invited.toReversed() };
    await expect(
      asOurs((sql) => vault.openFields(sql, ours, fields, exchanged, context)),
    ).rejects.toMatchObject({ fault: 'value-does-not-open' });
  });

  it('stay erased where they came as erased, and hide nothing behind that word', async () => {
    const vault = newVault();
    const [gone, sly] = await asOurs((sql) =>
      Promise.all([
        vault.sealFields(sql, ours, fields, { ...data, email: ERASED }, context),
        vault.sealFields(sql, ours, fields, { ...data, email: { erased: true, but: 'ada@' } }, context),
      ]),
    );
    expect(gone).toMatchObject({ email: { erased: true } });
    expect(JSON.stringify(sly)).not.toContain('ada@');
  });

  it('that were not sealed as fields show nothing of themselves in the error', async () => {
    const vault = newVault();
    const name = personalFields(
      z.object({ id: z.string(), name: personal(z.string(), { purpose: 'account', subject: 'id' }) }),
    );
    // The context of a field `name`, as the vault binds it.
    const plain = await asOurs((sql) => vault.seal(sql, ada, [...context, '4:name,'], 'ada@example.com'));
    const error: unknown = await asOurs((sql) =>
      vault.openFields(sql, ours, name, { id: 'ada', name: { sealed: plain } }, context),
    ).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ fault: 'value-malformed' });
    expect(inspect(error)).not.toContain('ada@');
  });

  it('need the field that names their subject, and must be sealed to be opened', async () => {
    const vault = newVault();
    const without = { email: data.email };
    await expect(asOurs((sql) => vault.sealFields(sql, ours, fields, without, context))).rejects.toThrow(
      'No field userId, the subject of email',
    );
    await expect(asOurs((sql) => vault.openFields(sql, ours, fields, data, context))).rejects.toMatchObject({
      fault: 'value-malformed',
    });
  });
});

describe('a key provider', () => {
  it('is asked once for many who ask at a time, and again after it failed', async () => {
    const values = await Promise.all(
      [ours, theirs].flatMap((organizationId) =>
        ['ada', 'grace'].map(async (subjectId) => {
          const scope = { organizationId, subjectId };
          return { scope, context, sealed: await sealed(newVault(), scope, 'x') };
        }),
      ),
    );
    let asked = 0;
    const flaky: KeyProvider = {
      ...provider,
      unwrap: (...key) => {
        asked += 1;
        return asked <= 2 ? Promise.reject(new Error('unreachable')) : provider.unwrap(...key);
      },
    };
    const vault = new Vault({ provider: flaky, environment: 'production', now: () => clock });
    const openAll = () => database.asWorker((sql) => vault.openMany(sql, values));
    await expect(openAll()).rejects.toThrow('unreachable');
    expect(asked).toBe(2);
    expect(await openAll()).toEqual(['x', 'x', 'x', 'x']);
    expect(asked).toBe(4);
  });
});

describe('keyed hashes', () => {
  it('are the same for every process and role, and differ by purpose, organization and value', async () => {
    const before = await database.beforeOrganization((sql) => newVault().keyedHash(sql, 'e-mail', 'ada@'));
    const again = await database.asWorker((sql) => newVault().keyedHash(sql, 'e-mail', 'ada@'));
    expect(again.equals(before)).toBe(true);
    const hashes = await database.asWorker(async (sql) => {
      const vault = newVault();
      return [
        before,
        await vault.keyedHash(sql, 'phone', 'ada@'),
        await vault.keyedHash(sql, 'e-mail', 'grace@'),
        await vault.keyedHashFor(sql, ours, 'e-mail', 'ada@'),
        await vault.keyedHashFor(sql, theirs, 'e-mail', 'ada@'),
        await vault.keyedHashFor(sql, ours, 'e-mai', 'lada@'),
      ].map((hash) => hash.toString('hex'));
    });
    expect(new Set(hashes).size).toBe(6);
    const [kept] = await asOurs((sql) => newVault().keyedHashesFor(sql, ours, 'e-mail', ['ada@']));
    expect(kept?.toString('hex')).toBe(hashes[3]);
  });
});

describe('key tables', () => {
  it('show a request the keys of its organization alone (P19)', async () => {
    const vault = newVault();
    await sealed(vault, ada, 'x');
    await sealed(vault, { ...ada, organizationId: theirs }, 'x');
    for (const table of ['vault_organization_key', 'vault_data_key', 'vault_erased_key']) {
      const rows = await asOurs((sql) =>
        sql.query(`select 1 from ${table} where organization_id <> $1`, [ours]),
      );
      expect(rows).toEqual([]);
    }
    const hidden = { ...ada, organizationId: theirs };
    const value = await sealed(vault, hidden, 'x');
    await expect(asOurs((sql) => newVault().open(sql, hidden, context, value))).rejects.toMatchObject({
      fault: 'key-missing',
    });
    const stranger = { organizationId: theirs, subjectId: 'new' };
    const error: unknown = await asOurs((sql) => newVault().seal(sql, stranger, context, 'x')).catch(
      (caught: unknown) => caught,
    );
    expect(postgresFault(error)?.fault).toBe('insufficient_privilege');
  });

  it.each([
    ['request', 'delete from vault_data_key'],
    ['request', 'update vault_data_key set wrapped = wrapped'],
    ['request', 'update vault_organization_key set wrapped = wrapped'],
    ['request', "insert into vault_erased_key values (gen_random_uuid(), 'subject:x', now())"],
    ['worker', 'delete from vault_data_key'],
    ['worker', "update vault_data_key set holder = 'subject:x'"],
    ['worker', "insert into vault_erased_key values (gen_random_uuid(), 'subject:x', now())"],
    ['retention', 'update vault_erased_key set erased_at = now()'],
    ['retention', 'delete from vault_erased_key'],
    ['retention', 'truncate vault_erased_key'],
  ] as const)('refuse what %s has no business with: %s (P02)', async (role, statement) => {
    const run = (sql: Transaction) => sql.query(statement);
    const attempt = {
      request: () => asOurs(run),
      worker: () => database.asWorker(run),
      retention: () => database.asRetention(run),
    }[role]();
    const error: unknown = await attempt.catch((caught: unknown) => caught);
    expect(postgresFault(error)?.fault).toBe('insufficient_privilege');
  });
});

/** The work's result and how many statements it ran. */
async function counting<T>(on: Database, work: (sql: Transaction) => Promise<T>): Promise<[T, number]> {
  let queries = 0;
  const result = await on.asWorker((transaction) =>
    work({
      ...transaction,
      query: (text, values) => {
        queries += 1;
        return transaction.query(text, values);
      },
    }),
  );
  return [result, queries];
}
