import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { identityApp, type IdentityApp, type Person } from '../testing/identity-app.js';

describe('who may be erased, and by whom (P10)', () => {
  let app: IdentityApp;
  let owner: Person;
  beforeAll(async () => {
    app = await identityApp();
    owner = await app.signUp();
  });
  afterAll(() => app.stop());

  const erase = (userId: string, by: Person, headers: Record<string, string> = {}) =>
    app.ask('POST', `/v1/members/${userId}/erasure`, { session: by.session, headers });

  it('is not the last owner, who goes on as before', async () => {
    expect(await erase(owner.userId, owner)).toMatchObject({ status: 409, body: { reason: 'last-owner' } });
    expect((await app.ask('GET', '/v1/me', { session: owner.session })).status).toBe(200);
    expect(
      (await app.ask('GET', `/v1/members/${owner.userId}/erasure`, { session: owner.session })).status,
    ).toBe(404);
  });

  it('is nobody by one who holds less, or no right at all (ASVS 8.2.1)', async () => {
    const admin = await app.join(owner, 'admin');
    const member = await app.join(owner, 'member');
    expect((await erase(owner.userId, admin)).status).toBe(403);
    expect((await erase(admin.userId, member)).status).toBe(403);
    expect((await erase(randomUUID(), owner)).status).toBe(404);
  });

  it('is a former member, too, once, whatever the key says', async () => {
    const former = await app.join(owner, 'member');
    await app.ask('DELETE', `/v1/members/${former.userId}`, { session: owner.session });
    const key = { 'idempotency-key': randomUUID() };
    const first = await erase(former.userId, owner, key);
    expect(first).toMatchObject({ status: 202, body: { status: 'requested', receipts: [] } });
    expect((await erase(former.userId, owner, key)).body).toEqual(first.body);
    expect((await erase(former.userId, owner)).body.erasureId).toBe(first.body.erasureId);
  });

  it('includes the invitation that made the account, also one of before its address was kept as a hash', async () => {
    const member = await app.join(owner, 'member');
    const { database } = app;
    const [invitation] = await database.asRetention((sql) =>
      sql.query<{ invitation_id: string }>(
        `update invitation set email_hash = null
         where invitation_id = (select invitation_id from invitation order by created_at desc limit 1)
         returning invitation_id`,
      ),
    );
    expect((await erase(member.userId, owner)).status).toBe(202);
    const [requested] = await database.asWorker((sql) =>
      sql.query<{ subjects: string[] }>(
        `select array(select jsonb_array_elements_text(payload->'subjects')) as subjects
         from event where stream = $1 and type = 'subject-erasure-requested'`,
        [`erasure-${member.userId}`],
      ),
    );
    expect(requested?.subjects).toEqual([member.userId, invitation?.invitation_id]);
  });

  it('is partial, with the reason, while something of the person is left that no key covers', async () => {
    const member = await app.join(owner, 'member');
    const { body } = await erase(member.userId, owner);
    const hold = () =>
      app.database.asWorker((sql) =>
        sql.query(
          `update erasure set held_because = 'values-in-clear' where erasure_id = $1 and destroyed_at is not null returning 1`,
          [body.erasureId],
        ),
      );
    while ((await hold()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const url = `/v1/members/${member.userId}/erasure`;
    expect((await app.ask('GET', url, { session: owner.session })).body).toMatchObject({
      status: 'partial',
      heldBecause: 'values-in-clear',
      receipts: [],
    });
  });

  it('takes a recent proof of who asks (ASVS 7.5.1)', async () => {
    const member = await app.join(owner, 'member');
    app.clock.ahead += 11 * 60_000;
    expect(await erase(member.userId, owner)).toMatchObject({
      status: 403,
      body: { code: 'step-up-required' },
    });
  });
});
