/** @promise P19 row-level security is forced on every table */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { identityApp, type IdentityApp, type Person } from '../testing/identity-app.js';

interface OpenApi {
  readonly paths: Record<string, Record<string, { readonly 'x-operation': string }>>;
}

/** Tables that belong to no organization, each with the reason. */
const shared: Readonly<Record<string, string>> = {
  cursor: "the relay's position",
  lane: "the relay's numbers",
  consumed_lane: "a consumer's offset",
  consumer_offset: "a consumer's offset",
  outgoing: 'numbers and positions of events, no content',
  schema_migration: 'names of steps',
  vault_service_key: "the service's own wrapped keys",
  vault_retired_kek: 'names of KEKs that wrap nothing any more',
  attempt_limit: 'counted before an organization is known; row security lets no request in',
  email_limit: 'counted before an organization is known; row security lets no request in',
};

describe('the separation of customers (P19)', () => {
  let app: IdentityApp;
  let ours: Person;
  beforeAll(async () => {
    app = await identityApp();
    ours = await app.signUp('Ours');
    await app.signUp('Theirs');
  });
  afterAll(() => app.stop());

  it('is forced by row security on every table (ASVS 8.4.1)', async () => {
    const tables = await app.database.asWorker((sql) =>
      sql.query<{ name: string; forced: boolean; owned: boolean }>(
        `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
           exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id') as owned
         from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
      ),
    );
    const open = tables.filter(({ name, forced }) => !forced && !(name in shared));
    expect(open.map(({ name }) => name)).toEqual([]);
    expect(tables.filter(({ name, owned }) => !owned && !(name in shared))).toEqual([]);
    expect(tables.find(({ name }) => name === 'attempt_limit')?.forced).toBe(true);
  });

  it('shows a transaction of one organization nothing of another one', async () => {
    const tables = ['account', 'member', 'session', 'password', 'email_address', 'consent', 'event', 'email'];
    for (const table of tables) {
      const rows = await app.database.forOrganization(ours.organizationId, (sql) =>
        sql.query<{ organization_id: string }>(`select distinct organization_id from ${table}`),
      );
      expect([table, rows]).toEqual([table, [{ organization_id: ours.organizationId }]]);
    }
  });

  it('shows nothing before the organization is known, and lets no request read the failures of log-ins', async () => {
    const rows = await app.database.beforeOrganization((sql) => sql.query('select * from email_address'));
    expect(rows).toEqual([]);
    await expect(
      app.database.beforeOrganization((sql) => sql.query('select * from attempt_limit')),
    ).rejects.toThrow(/permission denied/);
  });

  it("lets the service's role own nothing, so that it cannot take the policies away", async () => {
    const owned = await app.database.asWorker((sql) =>
      sql.query(
        `select relname from pg_class where relnamespace = 'public'::regnamespace
         and pg_get_userbyid(relowner) in ('identity_request', 'identity_worker', 'identity_retention')`,
      ),
    );
    expect(owned).toEqual([]);
    const altered = app.database.asWorker((sql) =>
      sql.query('alter table account no force row level security'),
    );
    await expect(altered).rejects.toThrow(/must be owner/);
  });

  it('holds for every operation that takes an id: with our own it succeeds, with theirs there is no such thing (ASVS 8.2.2)', async () => {
    const fixtures = await operationsWithIds(app);
    const golden = JSON.parse(
      await readFile(new URL('../../golden/openapi.json', import.meta.url), 'utf8'),
    ) as OpenApi;
    const withIds = Object.entries(golden.paths)
      .filter(([path]) => path.startsWith('/v1/') && path.includes('{id}'))
      .flatMap(([, methods]) => Object.values(methods).map((operation) => operation['x-operation']))
      // A challenge is asked for before anybody is known: its id is random and tells nothing.
      .filter((operation) => operation !== 'session.answer-challenge');
    expect(Object.keys(fixtures).sort()).toEqual(withIds.sort());

    for (const [operation, fixture] of Object.entries(fixtures)) {
      const own = await app.signUp();
      const other = await app.signUp();
      const { method, url, body } = await fixture(other);
      const across = await app.ask(method, url, { session: own.session, body });
      expect([operation, across.status]).toEqual([operation, 404]);
      const mine = await fixture(own);
      const within = await app.ask(mine.method, mine.url, { session: own.session, body: mine.body });
      expect([operation, within.status >= 200 && within.status < 300]).toEqual([operation, true]);
    }
  });
});

type Fixture = (person: Person) => Promise<{ method: string; url: string; body?: object }>;

/** A request for each operation with an id, on something that belongs to the person. */
async function operationsWithIds(app: IdentityApp): Promise<Record<string, Fixture>> {
  const { codeNow, enrol } = await import('../testing/enrol.js');
  const member = async (person: Person) => `/v1/members/${(await app.join(person, 'member')).userId}`;
  return {
    'member.read': async (person) => ({ method: 'GET', url: await member(person) }),
    'member.change-role': async (person) => ({
      method: 'PATCH',
      url: await member(person),
      body: { role: 'auditor' },
    }),
    'member.remove': async (person) => ({ method: 'DELETE', url: await member(person) }),
    'member.erase': async (person) => ({ method: 'POST', url: `${await member(person)}/erasure` }),
    'member.read-erasure': async (person) => {
      const url = `${await member(person)}/erasure`;
      await app.ask('POST', url, { session: person.session });
      return { method: 'GET', url };
    },
    'invitation.revoke': async (person) => {
      const email = `x.${Math.random().toString(36).slice(2)}@example.com`;
      const { body } = await app.ask('POST', '/v1/invitations', {
        session: person.session,
        body: { email, role: 'member' },
      });
      return { method: 'DELETE', url: `/v1/invitations/${String(body.invitationId)}` };
    },
    'api-key.revoke': async (person) => {
      const { body } = await app.ask('POST', '/v1/api-keys', {
        session: person.session,
        body: { name: 'x', scopes: ['members:read'] },
      });
      return { method: 'DELETE', url: `/v1/api-keys/${String(body.apiKeyId)}` };
    },
    'session.end': async (person) => {
      const { body } = await app.ask('POST', '/v1/sessions', {
        body: { email: person.email, password: person.password },
      });
      return { method: 'DELETE', url: `/v1/sessions/${String(body.sessionId)}` };
    },
    'authenticator.confirm-totp': async (person) => {
      const { body } = await app.ask('POST', '/v1/me/authenticators/totp', { session: person.session });
      const totp = codeNow(app, String(body.secret));
      const url = `/v1/me/authenticators/totp/${String(body.authenticatorId)}/confirmation`;
      return { method: 'POST', url, body: { totp } };
    },
    'authenticator.remove': async (person) => {
      const { authenticatorId } = await enrol(app, person);
      return { method: 'DELETE', url: `/v1/me/authenticators/${authenticatorId}` };
    },
  };
}
