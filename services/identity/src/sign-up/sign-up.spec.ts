/**
 * @promise P15 who, which version and its hash, when, from where; all or nothing
 * @promise P32 a stranger's address with somebody else's password
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accept, goodPassword, identityApp, type IdentityApp } from '../testing/identity-app.js';
import { tokenIn } from '../testing/mailbox.js';

describe('sign-up', () => {
  let app: IdentityApp;
  beforeAll(async () => {
    app = await identityApp();
  });
  afterAll(() => app.stop());

  let counter = 0;
  const someone = () => `someone.${(counter += 1)}@example.com`;
  const body = (email: string, more: object = {}) => ({
    organization: { name: 'Example Ltd' },
    user: { email, name: 'Ada Example', password: goodPassword },
    accept,
    ...more,
  });
  const signUp = (request: object, key?: string) =>
    app.ask('POST', '/v1/sign-up', { body: request, headers: key ? { 'idempotency-key': key } : {} });
  const verify = (token: string) => app.ask('POST', '/v1/sign-up/verification', { body: { token } });
  const logIn = (email: string) =>
    app.ask('POST', '/v1/sessions', { body: { email, password: goodPassword } });

  it('records organization, owner and consents in one transaction: version, hash, when, from where (P15)', async () => {
    const ada = await app.signUp();
    const consents = await app.ask('GET', '/v1/me/consents', { session: ada.session });
    const documents = await app.ask('GET', '/v1/legal-documents');
    for (const { document, sha256, path } of documents.body.items as Record<string, string>[]) {
      const { body: text } = await app.ask('GET', path ?? '');
      expect(createHash('sha256').update(String(text.text)).digest('hex')).toBe(sha256);
      expect(consents.body.items).toContainEqual(
        expect.objectContaining({
          document,
          version: '2026-01',
          sha256,
          sourceIp: '198.51.100.7',
          userAgent: 'Test browser',
        }),
      );
    }
    const rows = await app.database.asWorker((sql) =>
      sql.query<{ transactions: string; types: string[] }>(
        `select count(distinct transaction_id) as transactions, array_agg(distinct type) as types from event
         where organization_id = $1 and type in
           ('organization-registered', 'member-joined', 'user-registered', 'consent-recorded')`,
        [ada.organizationId],
      ),
    );
    expect(rows[0]?.transactions).toBe('1');
    expect(rows[0]?.types).toHaveLength(4);
  });

  it.each([
    ['one document missing', { accept: accept.slice(1) }, 422],
    ['nothing accepted', { accept: [] }, 422],
    ['an unknown version', { accept: [{ document: 'terms-of-service', version: '1999' }] }, 422],
    ['a short password', { user: { email: 'x@example.com', name: 'X', password: 'short' } }, 400],
    [
      'a breached password',
      { user: { email: 'x@example.com', name: 'X', password: '123456789987654321' } },
      400,
    ],
    ['an email address that is none', { user: { email: 'x@', name: 'X', password: goodPassword } }, 400],
    ['a field that nobody knows', { role: 'owner' }, 400],
  ])('refuses %s and leaves nothing behind (P15, ASVS 6.2.1, 6.2.4)', async (_, more, status) => {
    const email = someone();
    const answer = await signUp(body(email, more));
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).not.toContain('123456789987654321');
    expect(app.mail.emails.filter(({ to }) => to === email)).toEqual([]);
  });

  it('opens nothing before the email address is verified', async () => {
    const email = someone();
    await signUp(body(email));
    expect((await logIn(email)).status).toBe(401);
    expect((await verify(tokenIn(await app.mail.take(email, 'Confirm')))).status).toBe(200);
    expect((await logIn(email)).status).toBe(201);
  });

  it('verifies by a link that works once and for two days', async () => {
    const [email, late] = [someone(), someone()];
    await signUp(body(email));
    const token = tokenIn(await app.mail.take(email, 'Confirm'));
    const both = await Promise.all([verify(token), verify(token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 410]);
    await signUp(body(late));
    const lateToken = tokenIn(await app.mail.take(late, 'Confirm'));
    app.clock.ahead += 49 * 3_600_000;
    expect((await verify(lateToken)).status).toBe(410);
    expect((await verify('x'.repeat(43))).status).toBe(410);
  });

  describe('for a stranger’s address, with a password that the stranger does not know', () => {
    const elsewhere = { sourceIp: '203.0.113.66', userAgent: 'Attacker browser' };
    const signUpFrom = (email: string, from: { sourceIp: string; userAgent?: string }, more: object = {}) =>
      app.ask('POST', '/v1/sign-up', { body: body(email, more), from });
    const attack = async (from: { sourceIp: string; userAgent?: string }) => {
      const email = someone();
      await signUpFrom(email, from);
      const verified = await verify(tokenIn(await app.mail.take(email, 'Confirm')));
      return { email, verified };
    };

    it.each([
      ['another network', { sourceIp: '203.0.113.66' }],
      ['another browser', { sourceIp: '198.51.100.7', userAgent: 'Attacker browser' }],
    ])('opens nothing to whoever signed up from %s, once the link is opened', async (_, from) => {
      const { email, verified } = await attack(from);
      expect(verified).toMatchObject({ status: 200, body: { next: 'choose-password' } });
      expect((await logIn(email)).status).toBe(401);
      const asTheAttacker = { body: { email, password: goodPassword }, from };
      expect((await app.ask('POST', '/v1/sessions', asTheAttacker)).status).toBe(401);
    });

    it('gives the account to whoever reads the emails', async () => {
      const { email } = await attack(elsewhere);
      const token = tokenIn(await app.mail.take(email, 'Choose your password'));
      const password = 'the victim chooses another one';
      const chosen = await app.ask('POST', '/v1/password-resets/confirmation', { body: { token, password } });
      expect(chosen.status).toBe(204);
      expect((await app.ask('POST', '/v1/sessions', { body: { email, password } })).status).toBe(201);
      expect((await logIn(email)).status).toBe(401);
    });

    it('writes no word of theirs into an email to the stranger', async () => {
      const email = someone();
      const words = 'friend, your account is locked: http://evil.example';
      const from = elsewhere;
      await signUpFrom(email, from, {
        organization: { name: words },
        user: { email, name: words, password: goodPassword },
      });
      const message = await app.mail.take(email, 'Confirm');
      expect(message.subject + message.text).not.toContain('evil');
    });

    it('sends a few emails in an hour and no more, with the same answer', async () => {
      const email = someone();
      const count = () => app.mail.emails.filter(({ to }) => to.toLowerCase() === email).length;
      for (let sent = 0; sent < 7; sent += 1) {
        expect((await signUp(body(sent % 2 === 0 ? email : email.toUpperCase()))).status).toBe(201);
      }
      const after = someone();
      await signUp(body(after));
      // Emails leave side by side: a later one may overtake.
      await app.mail.take(after, 'Confirm');
      for (let emails = 0; emails < 5; emails += 1) await app.mail.take(email, 'Confirm');
      expect(count()).toBe(5);
      app.clock.ahead += 61 * 60_000;
      await signUp(body(email));
      await app.mail.take(email, 'Confirm');
      expect(count()).toBe(6);
    });
  });

  it.each([
    ['an organization', { organization: { name: 'Example\r\nBcc: all@example.com' } }],
    [
      'a person',
      { user: { email: 'x@example.com', name: 'Ada\n\nYour account is locked', password: goodPassword } },
    ],
  ])('refuses a name of %s with more than one line', async (_, more) => {
    expect((await signUp(body(someone(), more))).status).toBe(400);
  });

  it('takes a document that is named twice as accepted once', async () => {
    const email = someone();
    expect((await signUp(body(email, { accept: [...accept, ...accept] }))).status).toBe(201);
  });

  it('lets nobody use up the Idempotency-Keys of others', async () => {
    const [one, two] = [await signUp(body(someone()), 'key-1'), await signUp(body(someone()), 'key-1')];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.body.organizationId).not.toBe(two.body.organizationId);
  });

  it('answers alike for an address that has an account, which gets an email instead (ASVS 6.3.8)', async () => {
    const ada = await app.signUp();
    const [known, unknown] = [await signUp(body(ada.email.toUpperCase())), await signUp(body(someone()))];
    expect([known.status, Object.keys(known.body)]).toEqual([unknown.status, Object.keys(unknown.body)]);
    expect(known.body.organizationId).not.toBe(ada.organizationId);
    const message = await app.mail.take(ada.email.toUpperCase(), 'You already have an account');
    expect(message.text).not.toContain('token');
    expect((await logIn(ada.email)).status).toBe(201);
  });

  it('takes a password exactly as it was given, spaces and case as well (ASVS 6.2.8)', async () => {
    const email = someone();
    const password = '  A lamp, ä ladder, 🦉 walk  ';
    await signUp(body(email, { user: { email, name: 'Ada', password } }));
    await verify(tokenIn(await app.mail.take(email, 'Confirm')));
    const attempt = async (given: string) =>
      (await app.ask('POST', '/v1/sessions', { body: { email, password: given } })).status;
    expect(await attempt(password)).toBe(201);
    for (const other of [password.trim(), password.toLowerCase(), password.slice(0, -1)]) {
      expect(await attempt(other)).toBe(401);
    }
  });

  it('gives an address to the first who verifies it', async () => {
    const email = someone();
    await signUp(body(email));
    await signUp(body(email));
    const [one, two] = [await app.mail.take(email, 'Confirm'), await app.mail.take(email, 'Confirm')];
    const both = await Promise.all([verify(tokenIn(one)), verify(tokenIn(two))]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 410]);
  });

  it('is done once for one Idempotency-Key, also when both come at the same time', async () => {
    const email = someone();
    const key = 'sign-up-1';
    const [one, two] = await Promise.all([signUp(body(email), key), signUp(body(email), key)]);
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.body).toEqual(two.body);
    const other = await signUp(body(email, { organization: { name: 'Other Ltd' } }), key);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-key-reused' } });
    const otherPassword = { user: { email, name: 'Ada Example', password: 'another good long one' } };
    expect((await signUp(body(email, otherPassword), key)).status).toBe(409);
    await app.mail.take(email, 'Confirm');
    expect(app.mail.emails.filter(({ to }) => to === email)).toHaveLength(1);
  });
});
