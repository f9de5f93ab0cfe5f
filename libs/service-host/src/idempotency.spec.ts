import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database, Sql } from '@vouchsafe/database';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import {
  forgetIdempotencyKeys,
  idempotencyKey,
  idempotencyMigrations,
  idempotently,
  type IdempotentRequest,
} from './index.js';

const [ours, theirs] = [
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01',
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02',
] as const;
const at = new Date('2026-11-22T12:00:00Z');

/** Reversible and recognizable: shows that answers are sealed on their way in and opened on their way out. */
const sealer = {
  seal: (_sql: Sql, _scope: unknown, _context: readonly string[], plaintext: string) =>
    Promise.resolve(Buffer.from(plaintext).toString('base64')),
  open: (_sql: Sql, _scope: unknown, _context: readonly string[], sealed: string): Promise<unknown> =>
    Promise.resolve(Buffer.from(sealed, 'base64').toString()),
};

describe('an Idempotency-Key', () => {
  let postgres: TestPostgres;
  let database: Database;
  let effects = 0;
  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgres.database('lamps', idempotencyMigrations);
  });
  afterAll(() => postgres.stop());

  const request = (key: string | undefined, more: Partial<IdempotentRequest> = {}): IdempotentRequest => ({
    organizationId: ours,
    caller: { actor: { type: 'user', id: 'u' } },
    operation: 'lamp.make',
    key,
    request: { on: true, color: 'red' },
    at,
    sealer,
    ...more,
  });
  const make = (options: IdempotentRequest, wait = 0) =>
    database.forOrganization(options.organizationId, (sql) =>
      idempotently(sql, options, async () => {
        effects += 1;
        const number = effects;
        await new Promise((resolve) => setTimeout(resolve, wait));
        return { status: 201, body: { number, secret: 'shown-once' }, keep: { number, secret: '' } };
      }),
    );

  it('repeats the first answer without the secret that is shown once (P22)', async () => {
    const first = await make(request('a'));
    const second = await make(request('a', { request: { color: 'red', on: true } }));
    expect(first).toMatchObject({ status: 201, body: { secret: 'shown-once' }, replayed: false });
    expect(second).toEqual({ status: 201, body: { number: first.body.number, secret: '' }, replayed: true });
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
    expect(new Set(answers.map(({ body }) => body.number)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  });

  it('is free again when the work failed', async () => {
    const failing = database.forOrganization(ours, (sql) =>
      idempotently(sql, request('b'), () => Promise.reject(new Error('no'))),
    );
    await expect(failing).rejects.toThrow('no');
    expect(await make(request('b'))).toMatchObject({ replayed: false });
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
    expect(await make(request('old'))).toMatchObject({ replayed: false });
  });

  it('must be visible ASCII of bounded length', () => {
    expect(idempotencyKey('9f-3')).toBe('9f-3');
    expect(() => idempotencyKey('two words')).toThrow();
    expect(() => idempotencyKey('x'.repeat(256))).toThrow();
  });
});
