/** @promise P03 what goes after how many days, and what stays */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isErased } from '@vouchsafe/event-sourcing';
import { Vault } from '@vouchsafe/vault';
import { invitationAggregate } from '../invitation/invitation.aggregate.js';
import { userAggregate } from '../user/user.aggregate.js';
import { accept, goodPassword, identityApp, type IdentityApp } from '../testing/identity-app.js';
import { Housekeeping } from './housekeeping.js';

const DAY_MS = 86_400_000;

describe('housekeeping (P03, P18)', () => {
  let app: IdentityApp;
  beforeAll(async () => {
    app = await identityApp({ VOUCHSAFE_KEY_CACHE_MS: '0' });
  });
  afterAll(() => app.stop());

  it('erases a sign-up that nobody verified after a week, and nobody else', async () => {
    const email = 'never.verified@example.com';
    const { body } = await app.ask('POST', '/v1/sign-up', {
      body: {
        organization: { name: 'Never' },
        user: { email, name: 'Nobody', password: goodPassword },
        accept,
      },
    });
    const ada = await app.signUp();
    app.clock.ahead += 6 * DAY_MS;
    expect(await app.get(Housekeeping).keepHouse()).toBe(0);
    app.clock.ahead += 2 * DAY_MS;
    expect(await app.get(Housekeeping).keepHouse()).toBe(1);
    const vault = app.get(Vault);
    const [organizationId, userId] = [String(body.organizationId), String(body.userId)];
    const recorded = await app.database.forOrganization(organizationId, (sql) =>
      sql.query<{ payload: { email: { sealed: string } } }>(
        `select payload from event where stream = $1 and type = 'user-registered'`,
        [`user-${userId}`],
      ),
    );
    const registered = () =>
      app.database.forOrganization(organizationId, (sql) =>
        vault.openFields(
          sql,
          organizationId,
          userAggregate.catalog.personal['user-registered'] ?? [],
          { userId, email: recorded[0]?.payload.email },
          ['event', `user-${userId}`, '1', 'user-registered'],
        ),
      ) as Promise<{ email: unknown }>;
    for (let waited = 0; waited < 20_000 && !isErased((await registered()).email); waited += 100)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isErased((await registered()).email)).toBe(true);
    const logIn = await app.ask('POST', '/v1/sessions', {
      body: { email: ada.email, password: goodPassword },
    });
    expect(logIn.status).toBe(201);
  });

  it.each(['expired', 'withdrawn'])(
    'erases who was invited and never joined a week after the link’s end (%s, P10)',
    async (how) => {
      const vault = app.get(Vault);
      const housekeeping = app.get(Housekeeping);
      const ada = await app.signUp();
      const invite = async () => {
        const body = { email: `${how}.${app.clock.ahead}@example.com`, role: 'member' };
        const answer = await app.ask('POST', '/v1/invitations', { session: ada.session, body });
        expect(answer.status).toBe(201);
        return String(answer.body.invitationId);
      };
      const id = await invite();
      const address = async () => {
        const [row] = await app.database.forOrganization(ada.organizationId, (sql) =>
          sql.query<{ email: { sealed: string } }>(
            `select payload->'email' as email from event where stream = $1 and type = 'invitation-created'`,
            [`invitation-${id}`],
          ),
        );
        const opened = await app.database.forOrganization(ada.organizationId, (sql) =>
          vault.openFields(
            sql,
            ada.organizationId,
            invitationAggregate.catalog.personal['invitation-created'] ?? [],
            { invitationId: id, email: row?.email },
            ['event', `invitation-${id}`, '1', 'invitation-created'],
          ),
        );
        return (opened as { email: unknown }).email;
      };
      const path = `/v1/invitations/${id}`;
      if (how === 'withdrawn')
        expect((await app.ask('DELETE', path, { session: ada.session })).status).toBe(204);
      app.clock.ahead += 13 * DAY_MS;
      expect(await housekeeping.keepHouse()).toBe(0);
      expect(await address()).toMatch('@example.com');
      app.clock.ahead += 2 * DAY_MS;
      expect(await housekeeping.keepHouse()).toBe(1);
      for (let waited = 0; waited < 20_000 && !isErased(await address()); waited += 100)
        await new Promise((resolve) => setTimeout(resolve, 100));
      expect(isErased(await address())).toBe(true);
      expect(await housekeeping.keepHouse()).toBe(0);
    },
  );

  it('removes what ended a month ago', async () => {
    const ada = await app.signUp();
    const count = () =>
      app.database.asRetention(async (sql) => {
        const tables = ['session', 'link_token', 'email'];
        const own = tables.map((table) => `(select count(*)::int from ${table} where organization_id = $1)`);
        const [row] = await sql.query<{ counts: number[] }>(`select array[${own.join(', ')}] as counts`, [
          ada.organizationId,
        ]);
        return row?.counts;
      });
    await app.get(Housekeeping).keepHouse();
    expect(await count()).toEqual([1, 1, 1]);
    app.clock.ahead += 33 * DAY_MS;
    await app.get(Housekeeping).keepHouse();
    expect(await count()).toEqual([0, 0, 0]);
  });

  it('removes nothing of an organization that is held, and does so when the hold is released', async () => {
    const ada = await app.signUp();
    const holdId = randomUUID();
    await app.database.asWorker((sql) =>
      sql.query(
        `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at)
         values ($1, $1, $2, '{"of":"organization"}', now())`,
        [holdId, ada.organizationId],
      ),
    );
    const { body } = await app.ask('POST', '/v1/sign-up', {
      body: {
        organization: { name: 'Never, either' },
        user: { email: 'never.either@example.com', name: 'Nobody', password: goodPassword },
        accept,
      },
    });
    const held = String(body.organizationId);
    await app.database.asWorker((sql) =>
      sql.query(
        `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at)
         values ($1, $1, $2, '{"of":"organization"}', now())`,
        [randomUUID(), held],
      ),
    );
    const emails = async () => {
      const rows = await app.database.asWorker((sql) =>
        sql.query('select from email where organization_id = $1', [ada.organizationId]),
      );
      return rows.length;
    };
    app.clock.ahead += 33 * DAY_MS;
    expect([await app.get(Housekeeping).keepHouse(), await emails()]).toEqual([0, 1]);
    await app.database.asWorker((sql) => sql.query('update hold set released_at = now()'));
    expect([await app.get(Housekeeping).keepHouse(), await emails()]).toEqual([1, 0]);
  });
});
