import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock } from '@vouchsafe/service-host';
import { accept, goodPassword, identityApp, type IdentityApp, type Person } from '../testing/identity-app.js';
import { tokenIn } from '../testing/mailbox.js';

describe('members and invitations', () => {
  let app: IdentityApp;
  let ada: Person;
  beforeAll(async () => {
    app = await identityApp();
    ada = await app.signUp();
  });
  afterAll(() => app.stop());

  const address = () => `invited.${Math.random().toString(36).slice(2)}@example.com`;
  const invite = (email: string, role = 'member', key?: string, by: Person = ada) =>
    app.ask('POST', '/v1/invitations', {
      session: by.session,
      body: { email, role },
      headers: key ? { 'idempotency-key': key } : {},
    });
  const acceptBy = (token: string, more: object = {}, key?: string) =>
    app.ask('POST', '/v1/invitations/acceptance', {
      body: { token, name: 'Grace Example', password: goodPassword, accept, ...more },
      headers: key ? { 'idempotency-key': key } : {},
    });
  const changeRole = (by: Person, userId: string, role: string, headers: Record<string, string> = {}) =>
    app.ask('PATCH', `/v1/members/${userId}`, { session: by.session, body: { role }, headers });
  const remove = (by: Person, userId: string) =>
    app.ask('DELETE', `/v1/members/${userId}`, { session: by.session });

  it('are listed page by page, in the order of joining', async () => {
    const owner = await app.signUp();
    const people = [await app.join(owner, 'admin'), await app.join(owner, 'member')];
    const first = await app.ask('GET', '/v1/members?limit=2', { session: owner.session });
    expect(first.body.items).toMatchObject([
      { userId: owner.userId, role: 'owner', email: owner.email, name: 'Ada Example', secondFactor: false },
      { userId: people[0]?.userId, role: 'admin' },
    ]);
    const url = `/v1/members?limit=2&cursor=${String(first.body.next)}`;
    const second = await app.ask('GET', url, { session: owner.session });
    expect(second.body).toMatchObject({ items: [{ userId: people[1]?.userId }], next: null });
    expect((await app.ask('GET', '/v1/members?cursor=xyz', { session: owner.session })).status).toBe(400);
  });

  it.each([
    ['members', 'joinedAt', 'userId'],
    ['invitations', 'createdAt', 'invitationId'],
    ['api-keys', 'createdAt', 'apiKeyId'],
  ])('refuse a forged cursor of %s before Postgres sees it', async (list, time, id) => {
    const times = [
      '0000-01-01T00:00:00Z',
      `2026-11-28T10:00:00.${'9'.repeat(400)}Z`,
      '2026-11-28T10:00:00+23:59',
    ];
    for (const text of times) {
      const position = JSON.stringify({ [time]: text, [id]: ada.userId });
      const url = `/v1/${list}?cursor=${Buffer.from(position).toString('base64url')}`;
      expect(await app.ask('GET', url, { session: ada.session })).toMatchObject({
        status: 400,
        body: { code: 'invalid-request', errors: [{ pointer: '/cursor' }] },
      });
    }
  });

  it('lose their sessions with a permission, and keep them when they gain one (ASVS 7.4.2, 8.3.2)', async () => {
    const grace = await app.join(ada, 'admin');
    expect((await changeRole(ada, grace.userId, 'owner')).status).toBe(204);
    expect(await app.resolve({ session: grace.session })).toMatchObject({ roles: ['owner'] });
    expect((await changeRole(ada, grace.userId, 'member')).status).toBe(204);
    expect(await app.resolve({ session: grace.session })).toBeNull();
  });

  it('can do what their role says and nothing more (P02, ASVS 8.2.1)', async () => {
    const [member, admin] = [await app.join(ada, 'member'), await app.join(ada, 'admin')];
    const refused = async (by: Person, method: string, url: string, body?: object) =>
      (await app.ask(method, url, { session: by.session, body })).status;
    expect(await refused(member, 'POST', '/v1/invitations', { email: address(), role: 'member' })).toBe(403);
    expect(await refused(member, 'GET', '/v1/security-overview')).toBe(403);
    expect(await refused(member, 'GET', '/v1/api-keys')).toBe(403);
    expect(await refused(admin, 'PATCH', '/v1/organization', { name: 'Taken over' })).toBe(403);
    expect((await invite(address(), 'owner', undefined, admin)).status).toBe(403);
    expect((await changeRole(admin, admin.userId, 'owner')).status).toBe(403);
    expect((await remove(admin, ada.userId)).status).toBe(403);
  });

  it('keep a last owner: neither removed, nor demoted, nor gone by itself', async () => {
    const owner = await app.signUp();
    expect((await remove(owner, owner.userId)).status).toBe(409);
    expect((await changeRole(owner, owner.userId, 'member')).status).toBe(409);
    expect((await app.ask('DELETE', '/v1/me', { session: owner.session })).status).toBe(409);
    const second = await app.join(owner, 'owner');
    const both = await Promise.all([remove(owner, second.userId), remove(second, owner.userId)]);
    expect(both.map(({ status }) => status).sort()).toEqual([204, expect.any(Number)]);
    const left = await app.database.forOrganization(owner.organizationId, (sql) =>
      sql.query(`select 1 from member where role = 'owner'`),
    );
    expect(left).toHaveLength(1);
  });

  it('are out at once when removed: session, key, password and claim on the address (ASVS 7.4.2)', async () => {
    const grace = await app.join(ada, 'admin');
    const key = await app.ask('POST', '/v1/api-keys', {
      session: grace.session,
      body: { name: 'Grace’s', scopes: ['members:read'] },
    });
    const apiKey = String(key.body.key);
    expect((await app.ask('GET', '/v1/members', { apiKey })).status).toBe(200);
    expect((await remove(ada, grace.userId)).status).toBe(204);
    expect(await app.resolve({ session: grace.session })).toBeNull();
    expect(await app.resolve({ apiKey })).toBeNull();
    const again = await app.ask('POST', '/v1/sessions', {
      body: { email: grace.email, password: goodPassword },
    });
    expect(again.status).toBe(401);
    expect((await invite(grace.email)).status).toBe(201);
    expect((await acceptBy(tokenIn(await app.mail.take(grace.email, 'Join')))).status).toBe(201);
  });

  it.each([
    ['removed', (grace: Person) => remove(ada, grace.userId)],
    ['demoted', (grace: Person) => changeRole(ada, grace.userId, 'member')],
  ])(
    'do not come back by an invitation that they wrote before they were %s (ASVS 8.3.2)',
    async (_, lose) => {
      const grace = await app.join(ada, 'owner');
      const second = address();
      await invite(second, 'owner', undefined, grace);
      const token = tokenIn(await app.mail.take(second, 'Join'));
      expect((await lose(grace)).status).toBe(204);
      expect(await acceptBy(token)).toMatchObject({ status: 410, body: { code: 'gone' } });
      const list = await app.ask('GET', '/v1/invitations?limit=200', { session: ada.session });
      expect(list.body.items).toContainEqual(expect.objectContaining({ email: second, status: 'revoked' }));
    },
  );

  it('are invited by somebody who has proved just now who they are: a stolen session makes no owner (ASVS 7.5.1)', async () => {
    const grace = await app.join(ada, 'owner');
    app.clock.ahead += 11 * 60_000;
    expect(await invite(address(), 'owner', undefined, grace)).toMatchObject({
      status: 403,
      body: { code: 'step-up-required' },
    });
    const proof = { session: grace.session, body: { password: goodPassword } };
    const { session } = await app.ask('POST', '/v1/me/step-up', proof);
    const renewed = { ...grace, session: session ?? '' };
    expect((await invite(address(), 'owner', undefined, renewed)).status).toBe(201);
    app.clock.ahead -= 11 * 60_000;
  });

  it('are changed by one of two who read the same version at the same time', async () => {
    const people = await Promise.all([app.join(ada, 'member'), app.join(ada, 'member')]);
    const url = `/v1/members/${people[0].userId}`;
    const etag = (await app.ask('GET', url, { session: ada.session })).headers.get('etag') ?? '';
    const answers = await Promise.all(
      people.map(({ userId }) => changeRole(ada, userId, 'auditor', { 'if-match': etag })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 412]);
  });

  it('are changed by one of two who read the same version', async () => {
    const grace = await app.join(ada, 'member');
    const url = `/v1/members/${grace.userId}`;
    const etag = (await app.ask('GET', url, { session: ada.session })).headers.get('etag') ?? '';
    expect((await changeRole(ada, grace.userId, 'auditor', { 'if-match': etag })).status).toBe(204);
    expect((await changeRole(ada, grace.userId, 'billing', { 'if-match': etag })).status).toBe(412);
  });

  it('are invited by the hundred a day, not by the thousand', async () => {
    const owner = await app.signUp();
    await app.database.forOrganization(owner.organizationId, (sql) =>
      sql.query(
        `insert into invitation (organization_id, invitation_id, role, status, created_at, expires_at)
         select $1::uuid, gen_random_uuid(), 'member', 'revoked', $2::timestamptz + make_interval(secs => number), $2
         from generate_series(1, 500) as number`,
        [owner.organizationId, app.get(Clock).now()],
      ),
    );
    expect(await invite(address(), 'member', undefined, owner)).toMatchObject({ status: 429 });
  });

  it('join by an invitation once, also when two accept it at the same time', async () => {
    const email = address();
    await invite(email, 'auditor');
    const token = tokenIn(await app.mail.take(email, 'Join Example Ltd'));
    const both = await Promise.all([acceptBy(token), acceptBy(token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 410]);
    const rows = await app.database.forOrganization(ada.organizationId, (sql) =>
      sql.query(`select 1 from event where type = 'user-registered' and payload->>'userId' = $1`, [
        both.find(({ status }) => status === 201)?.body.userId,
      ]),
    );
    expect(rows).toHaveLength(1);
  });

  it('join with their consents, or not at all (P15)', async () => {
    const email = address();
    await invite(email);
    const token = tokenIn(await app.mail.take(email, 'Join'));
    expect((await acceptBy(token, { accept: accept.slice(1) })).status).toBe(422);
    expect((await acceptBy(token, { password: 'password1' })).status).toBe(400);
    expect((await acceptBy(token)).status).toBe(201);
  });

  it('are invited once for one Idempotency-Key; another body under it is refused', async () => {
    const email = address();
    const both = await Promise.all([invite(email, 'member', 'i-1'), invite(email, 'member', 'i-1')]);
    expect(both[0].body).toEqual(both[1].body);
    expect(await invite(email, 'auditor', 'i-1')).toMatchObject({ status: 409 });
    const token = tokenIn(await app.mail.take(email, 'Join'));
    const accepted = await Promise.all([acceptBy(token, {}, 'a-1'), acceptBy(token, {}, 'a-1')]);
    expect(accepted.map(({ status }) => status)).toEqual([201, 201]);
    expect(accepted[0].body).toEqual(accepted[1].body);
  });

  it('leave the Idempotency-Key of an invitation that was refused free', async () => {
    const admin = await app.join(ada, 'admin');
    for (const again of ['first', 'again']) {
      const { status, body } = await invite(address(), 'owner', 'refused', admin);
      expect({ again, status, reason: body.reason }).toEqual({
        again,
        status: 403,
        reason: 'beyond-own-role',
      });
    }
    expect((await invite(address(), 'member', 'refused', admin)).status).toBe(201);
  });

  it('do not join by an invitation that was withdrawn or is a week old', async () => {
    const [revoked, late] = [address(), address()];
    const { body } = await invite(revoked);
    const url = `/v1/invitations/${String(body.invitationId)}`;
    expect((await app.ask('DELETE', url, { session: ada.session })).status).toBe(204);
    expect((await app.ask('DELETE', url, { session: ada.session })).status).toBe(404);
    expect((await acceptBy(tokenIn(await app.mail.take(revoked, 'Join')))).status).toBe(410);
    await invite(late);
    const token = tokenIn(await app.mail.take(late, 'Join'));
    app.clock.ahead += 7 * 86_400_000;
    expect((await acceptBy(token)).status).toBe(410);
    const { session } = await app.ask('POST', '/v1/sessions', {
      body: { email: ada.email, password: goodPassword },
    });
    const list = await app.ask('GET', '/v1/invitations?limit=200', { session });
    const statuses = (list.body.items as { email: string; status: string }[])
      .filter(({ email }) => email === revoked || email === late)
      .map(({ status }) => status);
    expect(statuses).toEqual(['revoked', 'expired']);
  });
});
