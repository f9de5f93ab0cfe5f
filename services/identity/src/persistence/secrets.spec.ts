/** @promise P07 no password is in any table, event or log line */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enrol, type Enrolled, logInWithCode } from '../testing/enrol.js';
import { goodPassword, identityApp, type IdentityApp } from '../testing/identity-app.js';

describe('secrets (P07, P22)', () => {
  let app: IdentityApp;
  let ada: Enrolled;
  let session: string;
  let apiKey: string;
  const idempotencyKey = 'key-for-grace.hopper@example.com';
  beforeAll(async () => {
    app = await identityApp();
    ada = await enrol(app, await app.signUp());
    session = await logInWithCode(app, ada);
    const made = await app.ask('POST', '/v1/api-keys', {
      session,
      body: { name: 'x', scopes: ['members:read'] },
      headers: { 'idempotency-key': idempotencyKey },
    });
    apiKey = String(made.body.key);
    await app.ask('POST', '/v1/sessions', { body: { email: ada.email, password: 'a wrong password, long' } });
    await app.ask('POST', '/v1/sign-up', { body: { user: { password: goodPassword } } });
  });
  afterAll(() => app.stop());

  const secrets = () => ({
    password: goodPassword,
    'wrong password': 'a wrong password, long',
    session,
    'first session': ada.session,
    'API key': apiKey,
    'TOTP secret': ada.secret,
    'recovery code': ada.recoveryCodes[3] ?? '',
    'email address': ada.email,
    'name of a person': 'Ada Example',
    'IP address': '198.51.100.7',
    'Idempotency-Key': idempotencyKey,
  });

  /** The whole database as text, but for the binary of indexes. */
  const everything = () =>
    app.database.asWorker(async (sql) => {
      const tables = await sql.query<{ name: string }>(
        `select c.relname as name from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and has_table_privilege(c.oid, 'select')`,
      );
      const texts: string[] = [];
      for (const { name } of tables) {
        const rows = await sql.query<{ text: string }>(`select t::text as text from ${name} t`);
        texts.push(...rows.map(({ text }) => text));
      }
      return texts.join('\n');
    });

  it('and personal values stand nowhere in clear in the database (ASVS 11.4.2, 13.3.1)', async () => {
    const inWorkerTables = await everything();
    const inOwn = await app.database.forOrganization(ada.organizationId, async (sql) => {
      const texts: string[] = [];
      for (const table of [
        'password',
        'authenticator',
        'recovery_code',
        'session',
        'api_key',
        'idempotency_key',
        'account',
        'consent',
        'link_token',
      ]) {
        const rows = await sql.query<{ text: string }>(`select t::text as text from ${table} t`);
        texts.push(...rows.map(({ text }) => text));
      }
      return texts.join('\n');
    });
    expect(inWorkerTables).toContain('session-started');
    expect(inOwn).toContain('$argon2id$');
    for (const [what, value] of Object.entries(secrets())) {
      const hex = Buffer.from(value).toString('hex');
      for (const text of [inWorkerTables, inOwn]) {
        expect([what, text.includes(value), text.includes(hex)]).toEqual([what, false, false]);
      }
    }
  });

  it('are not to be guessed from the hash of a request that is kept: it is keyed (P07, P18)', async () => {
    const request = { email: 'guessed@example.com', role: 'member' };
    const invited = await app.ask('POST', '/v1/invitations', {
      session,
      body: request,
      headers: { 'idempotency-key': 'secrets-2' },
    });
    expect(invited.status).toBe(201);
    const [row] = await app.database.forOrganization(ada.organizationId, (sql) =>
      sql.query<{ request_hash: Buffer }>(
        `select request_hash from idempotency_key where operation = 'invitation.create'`,
      ),
    );
    const guessed = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    expect(row?.request_hash.toString('hex')).toHaveLength(64);
    expect(row?.request_hash.toString('hex')).not.toBe(guessed);
  });

  it('and personal values are in no line of the log (ASVS 16.2.5)', () => {
    expect(app.printed().length).toBeGreaterThan(100);
    for (const [what, value] of Object.entries(secrets())) {
      expect([what, app.printed().includes(value)]).toEqual([what, false]);
    }
  });

  it('are in no event, not even sealed: credentials can be erased', async () => {
    const rows = await app.database.asWorker((sql) =>
      sql.query<{ keys: string }>(`select distinct jsonb_object_keys(payload) as keys from event order by 1`),
    );
    const suspicious = rows
      .map(({ keys }) => keys)
      .filter((key) => /password|secret|token|hash|code$|key$/i.test(key));
    expect(suspicious).toEqual([]);
  });

  it('in an email are gone from the outbox once it is sent', async () => {
    const rows = await app.database.asWorker((sql) =>
      sql.query('select kind from email where sent_at is not null and content_sealed is not null'),
    );
    expect(rows).toEqual([]);
  });
});
