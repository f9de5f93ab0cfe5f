import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import {
  createOnce,
  type CreatingRequest,
  deleteOldIdempotencyKeys,
  idempotencyKey,
  idempotencyMigrations,
} from './index.js';

const [ours, theirs] = [
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01',
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02',
] as const;
const at = new Date('2026-11-22T12:00:00Z');

describe('an Idempotency-Key', () => {
  let postgres: TestPostgres;
  let database: Database;
  let folder: string;
  let vault: Vault;
  let effects = 0;
  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgres.database('lamps', [...vaultMigrations, ...idempotencyMigrations]);
    folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-kek-'));
    const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
    vault = new Vault({ provider, environment: 'test', now: () => at });
  });
  afterAll(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true });
  });

  const request = (key: string | undefined, more: Partial<CreatingRequest> = {}): CreatingRequest => ({
    organizationId: ours,
    caller: { actor: { type: 'user', id: 'u' } },
    operation: 'lamp.make',
    key,
    request: { on: true, color: 'red' },
    at,
    ...more,
  });
  const make = (options: CreatingRequest, wait = 0) =>
    database.forOrganization(options.organizationId, (sql) =>
      createOnce(vault, sql, options, async () => {
        effects += 1;
        const number = effects;
        await new Promise((resolve) => setTimeout(resolve, wait));
        return { body: { number, secret: 'shown-once' }, keep: { number, secret: '' } };
      }),
    );

  it('repeats the first answer without the secret that is shown once (P22)', async () => {
    const first = await make(request('a'));
    const second = await make(request('a', { request: { color: 'red', on: true } }));
    expect(first).toEqual({ number: effects, secret: 'shown-once' });
    expect(second).toEqual({ number: effects, secret: '' });
  });

  it('recognizes the same request, whatever the order of its members, and whether a member is undefined or absent', async () => {
    const before = effects;
    for (const sent of [{ on: true, color: undefined }, { on: true }, { color: undefined, on: true }])
      await make(request('undefined', { request: sent }));
    expect(effects).toBe(before + 1);
    const nothing = request('undefined', { request: { on: true, color: null } });
    await expect(make(nothing)).rejects.toMatchObject({ code: 'idempotency-key-reused' });
  });

  it('is kept neither with the request nor the answer in clear, nor itself: it may hold an address (P07, P18)', async () => {
    const keep = async () =>
      (
        await database.asWorker((sql) =>
          sql.query<{ text: string; key: string }>('select i::text as text, key from idempotency_key i'),
        )
      ).map((row) => ({ ...row, text: `${row.text} ${Buffer.from(row.key, 'base64url').toString()}` }));
    const before = await keep();
    const key = 'invite-ada@example.com';
    await make(request(key, { request: { password: 'red' } }));
    await make(request(key, { caller: { actor: { type: 'user', id: 'other' } } }));
    const rows = (await keep()).slice(before.length);
    expect(rows).toHaveLength(2);
    for (const { text } of rows) expect(text).not.toMatch(/red|number|secret|ada@example/);
    // The table does not show that two callers chose the same key.
    expect(rows[0]?.key).not.toBe(rows[1]?.key);
    const guessed = [ours, 'user:u', 'lamp.make', key];
    for (const guess of [key, guessed.join(' '), JSON.stringify(guessed)])
      expect(rows[0]?.key).not.toBe(createHash('sha256').update(guess).digest('base64url'));
  });

  it('is still known as release 0.1.0 kept it, in clear', async () => {
    const operation = 'lamp.in-flight';
    await make(request('in-flight', { operation }));
    await database.forOrganization(ours, (sql) =>
      sql.query(`update idempotency_key set key = 'in-flight' where operation = $1`, [operation]),
    );
    const before = effects;
    expect(await make(request('in-flight', { operation }))).toMatchObject({ secret: '' });
    expect(effects).toBe(before);
    const other = request('in-flight', { operation, request: { on: false } });
    await expect(make(other)).rejects.toMatchObject({ code: 'idempotency-key-reused' });
    expect(await make(request('another', { operation }))).toMatchObject({ secret: 'shown-once' });
  });

  it('is refused with another request', async () => {
    await expect(make(request('a', { request: { on: false } }))).rejects.toMatchObject({
      code: 'idempotency-key-reused',
    });
  });

  it('belongs to one organization, one caller and one operation', async () => {
    const before = effects;
    await make(request('a', { organizationId: theirs }));
    await make(request('a', { caller: { actor: { type: 'user', id: 'v' } } }));
    await make(request('a', { operation: 'lamp.break' }));
    expect(effects).toBe(before + 3);
  });

  it('has one effect when several requests bring it at once', async () => {
    const before = effects;
    const answers = await Promise.all(Array.from({ length: 6 }, () => make(request('at-once'), 50)));
    expect(effects).toBe(before + 1);
    expect(new Set(answers.map(({ number }) => number)).size).toBe(1);
    expect(answers.filter(({ secret }) => secret === 'shown-once')).toHaveLength(1);
  });

  it('is free again when the work failed', async () => {
    const failing = database.forOrganization(ours, (sql) =>
      createOnce(vault, sql, request('b'), () => Promise.reject(new Error('no'))),
    );
    await expect(failing).rejects.toThrow('no');
    expect(await make(request('b'))).toMatchObject({ secret: 'shown-once' });
  });

  it('is not needed', async () => {
    const before = effects;
    await make(request(undefined));
    await make(request(undefined));
    expect(effects).toBe(before + 2);
  });

  it('is deleted after a day', async () => {
    await make(request('old'));
    const lookAt = async (hours: number) => {
      const errors: unknown[] = [];
      const deleting = deleteOldIdempotencyKeys({
        database,
        now: () => new Date(at.getTime() + hours * 3_600_000),
        onError: (error) => errors.push(error),
      });
      await deleting.stop();
      expect(errors).toEqual([]);
    };
    await lookAt(23);
    expect(await make(request('old'))).toMatchObject({ secret: '' });
    await lookAt(25);
    expect(await make(request('old'))).toMatchObject({ secret: 'shown-once' });
  });

  it('must be visible ASCII of bounded length', () => {
    expect(idempotencyKey('9f-3')).toBe('9f-3');
    expect(() => idempotencyKey('two words')).toThrow();
    expect(() => idempotencyKey('x'.repeat(256))).toThrow();
  });
});
