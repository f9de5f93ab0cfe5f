import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, one } from '@vouchsafe/database';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import {
  createOnce,
  type CreatingRequest,
  forgetIdempotencyKeys,
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

  it('keeps neither the request nor the answer in clear (P07, P18)', async () => {
    await make(request('sealed', { request: { password: 'red' } }));
    const row = await database.asWorker((sql) =>
      one<{ text: string }>(sql, `select i::text as text from idempotency_key i where key = 'sealed'`),
    );
    expect(row.text).not.toMatch(/red|number|secret/);
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

  it('is forgotten after a day', async () => {
    await make(request('old'));
    await database.asWorker((sql) => forgetIdempotencyKeys(sql, new Date(at.getTime() + 25 * 3_600_000)));
    expect(await make(request('old'))).toMatchObject({ secret: 'shown-once' });
  });

  it('must be visible ASCII of bounded length', () => {
    expect(idempotencyKey('9f-3')).toBe('9f-3');
    expect(() => idempotencyKey('two words')).toThrow();
    expect(() => idempotencyKey('x'.repeat(256))).toThrow();
  });
});
