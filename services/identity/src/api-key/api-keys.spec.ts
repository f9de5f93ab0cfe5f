/** @promise P02 no API key holds more than its creator */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { given, type OrganizationId, readEvent, type UserId } from '@vouchsafe/event-sourcing';
import { secret } from '@vouchsafe/vault';
import { secretHash } from '../link-token.js';
import { identityApp, type IdentityApp, type Person } from '../testing/identity-app.js';
import { apiKeyEvents } from './api-key.events.js';
import { apiKey } from './api-key.decider.js';

describe('the decider of an API key', () => {
  const create = {
    type: 'create' as const,
    organizationId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId,
    apiKeyId: '5b0c7cbd-6b3c-4f0a-9a0e-000000000007',
    createdBy: '5b0c7cbd-6b3c-4f0a-9a0e-000000000001' as UserId,
    name: 'Importer',
    scopes: ['audit:write', 'audit:write'],
    creatorMay: ['audit:write', 'audit:read'],
    expiresAt: null,
    source: 'importer',
    replaces: null,
    at: new Date('2026-11-22T10:00:00Z'),
  };

  it('gives no more than the creator holds (P02)', () => {
    given(apiKey, [])
      .when({ ...create, scopes: ['members:write'] })
      .then({ rejected: 'scope-beyond-creator' });
    given(apiKey, [])
      .when({ ...create, expiresAt: create.at })
      .then({ rejected: 'expires-in-the-past' });
  });

  it('revokes once', () => {
    const { decision } = given(apiKey, []).when(create);
    if ('rejected' in decision) throw new Error(decision.rejected);
    const { organizationId, apiKeyId } = create;
    const revoked = {
      type: 'api-key-revoked' as const,
      data: { organizationId, apiKeyId, reason: 'revoked' as const },
    };
    given(apiKey, decision).when({ type: 'revoke', reason: 'revoked' }).then([revoked]);
    given(apiKey, [...decision, revoked])
      .when({ type: 'revoke', reason: 'revoked' })
      .then({ rejected: 'not-live' });
  });
});

describe('API keys', () => {
  let app: IdentityApp;
  let ada: Person;
  beforeAll(async () => {
    app = await identityApp();
    ada = await app.signUp();
  });
  afterAll(() => app.stop());

  const create = (body: object, key?: string, session = ada.session) =>
    app.ask('POST', '/v1/api-keys', { session, body, headers: key ? { 'idempotency-key': key } : {} });
  const newKey = async (scopes: string[], expiresAt?: string) => {
    const { body } = await create({ name: 'Importer', scopes, ...(expiresAt ? { expiresAt } : {}) });
    return { apiKey: String(body.key), apiKeyId: String(body.apiKeyId) };
  };

  it('end at an instant of any offset, which is told in UTC', async () => {
    const expiresAt = '2099-01-01T01:00:00+01:00';
    const { status, body } = await create({ name: 'Importer', scopes: ['audit:write'], expiresAt });
    expect([status, body.expiresAt]).toEqual([201, '2099-01-01T00:00:00.000Z']);
  });

  it.each(['9999-12-31T23:59:59-12:00', '0000-01-01T00:00:00Z', '2099-02-30T00:00:00Z'])(
    'does not end at %s, which no calendar of ours has',
    async (expiresAt) => {
      const { status, body } = await create({ name: 'Importer', scopes: ['audit:write'], expiresAt });
      expect([status, body.code]).toEqual([400, 'invalid-request']);
    },
  );

  it('do what their scopes say, in their organization', async () => {
    const { apiKey: key, apiKeyId } = await newKey(['members:read']);
    expect(key).toMatch(/^vs_[A-Za-z0-9_-]{43}$/);
    expect(await app.resolve({ apiKey: key })).toEqual({
      organizationId: ada.organizationId,
      actor: { type: 'api-key', id: apiKeyId },
      roles: [],
      permissions: ['members:read'],
      authenticationLevel: 'api-key',
      sessionId: null,
      authenticatedAt: null,
      staffGrantId: null,
      source: `key-${apiKeyId}`,
    });
    expect((await app.ask('GET', '/v1/members', { apiKey: key })).status).toBe(200);
    expect((await app.ask('GET', '/v1/organization', { apiKey: key })).status).toBe(403);
    expect((await app.ask('GET', '/v1/me', { apiKey: key })).body).toMatchObject({ user: null });
  });

  it('are no persons: they have no password and make no keys', async () => {
    const { apiKey: key } = await newKey(['members:read', 'audit:write']);
    const made = await app.ask('POST', '/v1/api-keys', {
      apiKey: key,
      body: { name: 'Another', scopes: ['members:read'] },
    });
    expect(made.status).toBe(403);
    expect((await app.ask('GET', '/v1/me/consents', { apiKey: key })).status).toBe(403);
  });

  it.each(['organization:write', 'members:write', 'invitations:write', 'api-keys:write'])(
    'are not made for what only people may do: %s (P02)',
    async (scope) => {
      const refused = await create({ name: 'Too much', scopes: ['members:read', scope] });
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    },
  );

  it('that were made for more once may do no more than others today', async () => {
    const { apiKey: key, apiKeyId } = await newKey(['members:read']);
    await app.database.forOrganization(ada.organizationId, (sql) =>
      sql.query(`update api_key set scopes = '{members:read,api-keys:write}' where api_key_id = $1`, [
        apiKeyId,
      ]),
    );
    expect(await app.resolve({ apiKey: key })).toMatchObject({ permissions: ['members:read'] });
    const { apiKeyId: other } = await newKey(['audit:read']);
    expect((await app.ask('DELETE', `/v1/api-keys/${other}`, { apiKey: key })).status).toBe(403);
  });

  it('are shown once: not in the list, not in a repetition (P22)', async () => {
    const body = { name: 'Once', scopes: ['audit:write'] };
    const [first, again] = [await create(body, 'k-1'), await create(body, 'k-1')];
    expect(first.body.key).toMatch(/^vs_/);
    expect(again).toMatchObject({ status: 201, body: { apiKeyId: first.body.apiKeyId } });
    expect(again.body).not.toHaveProperty('key');
    const list = await app.ask('GET', '/v1/api-keys', { session: ada.session });
    expect(JSON.stringify(list.body)).not.toContain(String(first.body.key));
    expect(list.body.items).toContainEqual(
      expect.objectContaining({
        apiKeyId: first.body.apiKeyId,
        start: String(first.body.key).slice(0, 8),
      }),
    );
  });

  it('are listed page by page, each once, though they were made within one millisecond', async () => {
    const owner = await app.signUp();
    const ids = [1, 2, 3].map((last) => `5b0c7cbd-6b3c-4f0a-9a0e-0000000000b${last}`);
    for (const [index, id] of ids.entries())
      await app.database.forOrganization(owner.organizationId, (sql) =>
        sql.query(
          `insert into api_key (organization_id, api_key_id, key_hash, start, name, scopes, created_by, created_at)
           values ($1, $2, $3, 'vs_', 'Quick', '{audit:write}', $4, $5)`,
          [
            ...[owner.organizationId, id, secretHash(secret(id)), owner.userId],
            `2026-11-22T19:44:14.16880${index}Z`,
          ],
        ),
      );
    const seen: unknown[] = [];
    for (let next: string | null = ''; next !== null && seen.length < 5;) {
      const at = next === '' ? '' : `&cursor=${next}`;
      const { body } = await app.ask('GET', `/v1/api-keys?limit=1${at}`, { session: owner.session });
      seen.push(...(body.items as { apiKeyId: string }[]).map(({ apiKeyId }) => apiKeyId));
      next = body.next as string | null;
    }
    expect(seen).toEqual(ids);
  });

  describe('carry the source of the audit entries that they submit', () => {
    const scopes = ['audit:write'];
    const made = async (more: object, session = ada.session) => {
      const { status, body } = await create({ name: 'Shop', scopes, ...more }, undefined, session);
      return { status, ...(body as { apiKeyId: string; key: string; source: string; code?: string }) };
    };
    const sourceOf = async ({ key }: { key: string }) => (await app.resolve({ apiKey: key }))?.source;

    it('one of their own, or one that is named, by which a later key carries on', async () => {
      const own = await made({});
      expect([own.source, await sourceOf(own)]).toEqual(Array(2).fill(`key-${own.apiKeyId}`));
      const named = await made({ source: 'shop' });
      expect([named.status, await sourceOf(named)]).toEqual([201, 'shop']);
      expect(await sourceOf(await made({ source: 'shop' }))).toBe('shop');
      const list = await app.ask('GET', '/v1/api-keys?limit=200', { session: ada.session });
      expect(list.body.items).toContainEqual(
        expect.objectContaining({ apiKeyId: named.apiKeyId, source: 'shop' }),
      );
    });

    it('that of the key which they replace, though it is revoked or has expired', async () => {
      const [old, expiring] = [
        await made({}),
        await made({ expiresAt: new Date(Date.now() + app.clock.ahead + 1000).toISOString() }),
      ];
      await app.ask('DELETE', `/v1/api-keys/${old.apiKeyId}`, { session: ada.session });
      const next = await made({ replaces: old.apiKeyId });
      expect(await sourceOf(next)).toBe(old.source);
      expect(await sourceOf(await made({ replaces: next.apiKeyId }))).toBe(old.source);
      app.clock.ahead += 2000;
      expect(await sourceOf(await made({ replaces: expiring.apiKeyId }))).toBe(expiring.source);
    });

    it('never that of another organization (P19)', async () => {
      const [theirs, ours] = [await app.signUp(), await made({})];
      const refused = await made({ replaces: ours.apiKeyId }, theirs.session);
      expect(refused).toMatchObject({ status: 404, code: 'not-found' });
    });

    it.each([
      ['a service of ours', { source: 'gateway' }],
      ['what reads like one', { source: 'audit.log' }],
      ['a service to come', { source: 'billing-2' }],
      ['the form of a person’s', { source: 'user:5b0c7cbd-6b3c-4f0a-9a0e-000000000001' }],
      ['another case', { source: 'Shop' }],
      ['none', { source: '' }],
      ['one that is too long', { source: 's'.repeat(64) }],
      ['two', { source: 'shop', replaces: '5b0c7cbd-6b3c-4f0a-9a0e-000000000001' }],
    ])('and none that is %s', async (_, more) => {
      expect(await made(more)).toMatchObject({ status: 400, code: 'invalid-request' });
    });

    it('the common one of that time, where they were made before, by this release or the one before it', async () => {
      await app.database.forOrganization(ada.organizationId, (sql) =>
        sql.query(
          `insert into api_key (organization_id, api_key_id, key_hash, start, name, scopes, created_by, created_at)
           values ($1, $2, $3, 'vs_', 'Old', '{audit:write}', $4, now())`,
          [
            ada.organizationId,
            '5b0c7cbd-6b3c-4f0a-9a0e-0000000000aa',
            secretHash(secret('vs_old')),
            ada.userId,
          ],
        ),
      );
      expect(await sourceOf({ key: 'vs_old' })).toBe('api');
      const stored = { organizationId: ada.organizationId, apiKeyId: ada.userId, createdBy: ada.userId };
      const v1 = { ...stored, name: 'Old', scopes: [], expiresAt: null };
      expect(readEvent(apiKeyEvents, 'api-key-created', 1, v1).data).toEqual({
        ...v1,
        source: 'api',
        replaces: null,
      });
    });
  });

  it('are refused where they would hold more than their creator (P02)', async () => {
    expect((await create({ name: 'Too much', scopes: ['staff-grants:write'] })).status).toBe(400);
    expect((await create({ name: 'Nonsense', scopes: ['everything'] })).status).toBe(400);
  });

  it('shrink with the role of their creator', async () => {
    const grace = await app.join(ada, 'admin');
    const { body } = await create(
      { name: 'x', scopes: ['audit:write', 'members:read'] },
      undefined,
      grace.session,
    );
    const key = String(body.key);
    await app.ask('PATCH', `/v1/members/${grace.userId}`, { session: ada.session, body: { role: 'member' } });
    expect(await app.resolve({ apiKey: key })).toMatchObject({ permissions: ['members:read'] });
  });

  it('expire, are revoked at once, and show when they were used last', async () => {
    const soon = new Date(Date.now() + app.clock.ahead + 60_000).toISOString();
    const { apiKey: expiring } = await newKey(['members:read'], soon);
    const { apiKey: revoked, apiKeyId } = await newKey(['members:read']);
    expect(await app.resolve({ apiKey: expiring })).not.toBeNull();
    await app.resolve({ apiKey: revoked });
    const list = await app.ask('GET', '/v1/api-keys?limit=200', { session: ada.session });
    const item = (list.body.items as { apiKeyId: string; lastUsedAt: string | null }[]).find(
      (one) => one.apiKeyId === apiKeyId,
    );
    expect(item?.lastUsedAt).not.toBeNull();
    expect((await app.ask('DELETE', `/v1/api-keys/${apiKeyId}`, { session: ada.session })).status).toBe(204);
    expect(await app.resolve({ apiKey: revoked })).toBeNull();
    app.clock.ahead += 61_000;
    expect(await app.resolve({ apiKey: expiring })).toBeNull();
  });
});
