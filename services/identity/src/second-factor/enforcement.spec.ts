/**
 * @promise P12 an organization that requires it, and the share that is shown
 * @promise P13 a staff session without a second factor can do nothing but enrol one
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { shippedDocuments } from '../consent/legal-documents.js';
import { Operator } from '../operator.js';
import { enrol, freshCode, logInWithCode } from '../testing/enrol.js';
import { accept, goodPassword, identityApp, type IdentityApp, type Person } from '../testing/identity-app.js';
import { tokenIn } from '../testing/mailbox.js';

/** Five days after today, whenever the tests run. */
const nextVersion = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);

describe('what a session must do first', () => {
  let app: IdentityApp;
  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-legal-'));
    cpSync(shippedDocuments, folder, { recursive: true });
    const text = `# Terms of Service\n\nEffective from: ${nextVersion}\n\nNew.\n`;
    await writeFile(path.join(folder, 'terms-of-service', 'next.md'), text);
    app = await identityApp({ VOUCHSAFE_LEGAL_DOCUMENTS_FOLDER: folder });
  });
  afterAll(() => app.stop());

  const logIn = ({ email }: Pick<Person, 'email'>) =>
    app.ask('POST', '/v1/sessions', { body: { email, password: goodPassword } });
  const requireSecondFactor = (session: string, requireSecondFactor: boolean) =>
    app.ask('PATCH', '/v1/organization', { session, body: { requireSecondFactor } });

  it('an organization that requires a second factor leaves sessions without one nothing but to enrol (P12, P13, ASVS 6.3.3)', async () => {
    const ada = await enrol(app, await app.signUp());
    const grace = await app.join(ada, 'admin');
    expect((await requireSecondFactor(ada.session, true)).status).toBe(204);

    // The session that was live already is restricted with the next request.
    expect(await app.resolve({ session: grace.session })).toMatchObject({
      authenticationLevel: 'enrolment',
      permissions: [],
    });
    for (const [method, url] of [
      ['GET', '/v1/members'],
      ['GET', '/v1/sessions'],
      ['PUT', '/v1/me/password'],
    ] as const) {
      const refused = await app.ask(method, url, { session: grace.session });
      expect([url, refused.status, refused.body.code]).toEqual([url, 403, 'second-factor-required']);
    }
    const asked = await logIn(grace);
    expect(asked).toMatchObject({ status: 200, body: { next: 'enrol-second-factor' } });
    const restricted = { ...grace, session: asked.session ?? '' };
    const enrolled = await enrol(app, restricted);
    expect(await app.resolve({ session: restricted.session })).toMatchObject({
      authenticationLevel: 'two-factor',
      roles: ['admin'],
    });
    expect((await app.ask('GET', '/v1/members', { session: restricted.session })).status).toBe(200);
    // The challenge takes a code as well, now that there is one; the restricted session is replaced.
    const answered = await app.ask('POST', `/v1/sessions/challenges/${String(asked.body.challengeId)}`, {
      body: { totp: freshCode(app, enrolled.secret) },
    });
    expect(answered.status).toBe(201);
    expect(await app.resolve({ session: restricted.session })).toBeNull();
  });

  it('tells an administrator the share of members with a second factor (P12)', async () => {
    const ada = await enrol(app, await app.signUp());
    await app.join(ada, 'member');
    const overview = await app.ask('GET', '/v1/security-overview', { session: ada.session });
    expect(overview.body).toEqual({ members: 2, withSecondFactor: 1, share: 0.5, required: false });
  });

  it('a stolen password never adds a second factor beside the first (ASVS 6.3.4)', async () => {
    const grace = await app.signUp();
    const stolen = (await logIn(grace)).session ?? '';
    await enrol(app, grace);
    const begun = await app.ask('POST', '/v1/me/authenticators/totp', { session: stolen });
    expect(begun).toMatchObject({ status: 403, body: { code: 'second-factor-required' } });
  });

  it('the secret of an authenticator app is shown once, also to a repetition (P22)', async () => {
    const { session } = await app.signUp();
    const begin = (key: string) =>
      app.ask('POST', '/v1/me/authenticators/totp', { session, headers: { 'idempotency-key': key } });
    const [first, again, another] = [await begin('t-1'), await begin('t-1'), await begin('t-2')];
    expect(Object.keys(first.body).sort()).toEqual(['authenticatorId', 'otpauthUri', 'secret']);
    expect(again.body).toEqual({ authenticatorId: first.body.authenticatorId });
    expect(another.body.authenticatorId).not.toBe(first.body.authenticatorId);
  });

  it('staff: a second factor always, and a session of 15 minutes without a request (P13)', async () => {
    const staff = await app.signUp('The operator');
    const operator = app.get(Operator);
    const { organizationId } = operator;
    Object.assign(operator, { organizationId: staff.organizationId });
    try {
      expect(await app.resolve({ session: staff.session })).toMatchObject({
        authenticationLevel: 'enrolment',
        permissions: [],
      });
      const asked = await logIn(staff);
      expect(asked.body).toMatchObject({ next: 'enrol-second-factor' });
      const enrolled = await enrol(app, { ...staff, session: asked.session ?? '' });
      expect((await requireSecondFactor(enrolled.session, false)).status).toBe(204);
      const removed = await app.ask('DELETE', `/v1/me/authenticators/${enrolled.authenticatorId}`, {
        session: enrolled.session,
      });
      expect(removed.status).toBe(409);
      app.clock.ahead += 16 * 60_000;
      expect(await app.resolve({ session: enrolled.session })).toBeNull();
    } finally {
      Object.assign(operator, { organizationId });
    }
  });

  it('an authenticator can be removed after a proof, but not the last one that is required', async () => {
    const ada = await enrol(app, await app.signUp());
    const remove = (session: string) =>
      app.ask('DELETE', `/v1/me/authenticators/${ada.authenticatorId}`, { session });
    await requireSecondFactor(ada.session, true);
    expect(await remove(ada.session)).toMatchObject({ status: 409 });
    await requireSecondFactor(ada.session, false);
    expect((await remove(ada.session)).status).toBe(204);
    await app.mail.take(ada.email, 'A second factor was removed');
    expect((await logIn(ada)).status).toBe(201);
  });

  it('a password that is too short alone keeps its second factor (ASVS 6.2.1)', async () => {
    const ada = await enrol(app, await app.signUp());
    const change = (currentPassword: string, newPassword: string) =>
      app.ask('PUT', '/v1/me/password', { session: ada.session, body: { currentPassword, newPassword } });
    const remove = () =>
      app.ask('DELETE', `/v1/me/authenticators/${ada.authenticatorId}`, { session: ada.session });
    expect((await change(goodPassword, 'xk7!pq2z')).status).toBe(204);
    expect(await remove()).toMatchObject({ status: 409, body: { reason: 'longer-password-required' } });
    expect((await change('xk7!pq2z', goodPassword)).status).toBe(204);
    expect((await remove()).status).toBe(204);
  });

  it('a password that is too short alone opens nothing but the enrolment once no second factor is required', async () => {
    const ada = await enrol(app, await app.signUp());
    await requireSecondFactor(ada.session, true);
    const email = `short.${Math.random().toString(36).slice(2)}@example.com`;
    await app.ask('POST', '/v1/invitations', { session: ada.session, body: { email, role: 'admin' } });
    const token = tokenIn(await app.mail.take(email, 'Join'));
    const password = 'xk7!pq2z';
    const joined = { token, name: 'Grace', password, accept };
    expect((await app.ask('POST', '/v1/invitations/acceptance', { body: joined })).status).toBe(201);
    await requireSecondFactor(ada.session, false);
    const asked = await app.ask('POST', '/v1/sessions', { body: { email, password } });
    expect(asked).toMatchObject({ status: 200, body: { next: 'enrol-second-factor' } });
    expect(await app.resolve({ session: asked.session ?? '' })).toMatchObject({ permissions: [] });
    const me = await app.ask('GET', '/v1/me', { session: asked.session });
    expect(me.body.outstanding).toMatchObject({ enrolSecondFactor: true });
  });

  it('new recovery codes make the earlier ones void', async () => {
    const ada = await enrol(app, await app.signUp());
    const renewed = await app.ask('POST', '/v1/me/authenticators/recovery-codes', { session: ada.session });
    const fresh = renewed.body.recoveryCodes as string[];
    const use = async (recoveryCode: string) => {
      const { body } = await logIn(ada);
      const url = `/v1/sessions/challenges/${String(body.challengeId)}`;
      return (await app.ask('POST', url, { body: { recoveryCode } })).status;
    };
    expect([await use(ada.recoveryCodes[1] ?? ''), await use(fresh[1] ?? '')]).toEqual([401, 201]);
  });

  it('a new version of a document asks for consent at the next log-in (P15)', async () => {
    const ada = await app.signUp();
    const enrolledGrace = await enrol(app, await app.signUp());
    app.clock.ahead += 6 * 86_400_000;
    const asked = await logIn(ada);
    expect(asked).toMatchObject({ status: 200, body: { next: 'accept-documents' } });
    const session = asked.session ?? '';
    expect((await app.ask('GET', '/v1/members', { session })).status).toBe(403);
    const me = await app.ask('GET', '/v1/me', { session });
    expect(me.body.outstanding).toEqual({
      enrolSecondFactor: false,
      acceptDocuments: [{ document: 'terms-of-service', version: 'next' }],
    });
    const newTerms = [{ document: 'terms-of-service', version: 'next' }];
    expect((await app.ask('POST', '/v1/me/consents', { session, body: { accept: newTerms } })).status).toBe(
      204,
    );
    expect((await app.ask('GET', '/v1/members', { session })).status).toBe(200);
    expect((await logIn(ada)).status).toBe(201);

    // With a second factor: first the code, then the documents; both by the challenge.
    const { body } = await logIn(enrolledGrace);
    const second = await app.ask('POST', `/v1/sessions/challenges/${String(body.challengeId)}`, {
      body: { totp: freshCode(app, enrolledGrace.secret) },
    });
    expect(second).toMatchObject({ status: 200, body: { next: 'accept-documents' } });
    const third = await app.ask('POST', `/v1/sessions/challenges/${String(second.body.challengeId)}`, {
      body: { accept: newTerms },
    });
    expect(third.status).toBe(201);
    expect(await app.resolve({ session: third.session ?? '' })).toMatchObject({
      authenticationLevel: 'two-factor',
    });
    expect(await app.resolve({ session: second.session ?? '' })).toBeNull();
    expect(await logInWithCode(app, enrolledGrace)).toBeTruthy();
  });
});
