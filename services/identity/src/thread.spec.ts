/** @promise P12 the recommendation comes until a second factor is enrolled */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { codeNow } from './testing/enrol.js';
import { goodPassword, identityApp, type IdentityApp, type Person } from './testing/identity-app.js';

describe('from sign-up to a log-in with a second factor', () => {
  let app: IdentityApp;
  let ada: Person;
  let secret: string;
  beforeAll(async () => {
    app = await identityApp();
    ada = await app.signUp();
  });
  afterAll(() => app.stop());

  it('knows who is behind the session, and recommends a second factor (P12)', async () => {
    const me = await app.ask('GET', '/v1/me', { session: ada.session });
    expect(me).toMatchObject({
      status: 200,
      body: {
        organization: { organizationId: ada.organizationId, name: 'Example Ltd' },
        user: { userId: ada.userId, email: ada.email, name: 'Ada Example', role: 'owner' },
        authenticationLevel: 'single-factor',
        outstanding: { enrolSecondFactor: false, acceptDocuments: [] },
      },
    });
    const again = await app.ask('POST', '/v1/sessions', {
      body: { email: ada.email, password: goodPassword },
    });
    expect(again.body).toMatchObject({ recommended: 'enrol-second-factor' });
  });

  it('enrols an authenticator app by its first code and shows recovery codes once', async () => {
    const begun = await app.ask('POST', '/v1/me/authenticators/totp', { session: ada.session });
    expect(begun.status).toBe(201);
    const body = begun.body as { authenticatorId: string; secret: string; otpauthUri: string };
    secret = body.secret;
    expect(body.otpauthUri).toContain(`secret=${secret}`);
    const url = `/v1/me/authenticators/totp/${body.authenticatorId}/confirmation`;
    const confirmed = await app.ask('POST', url, {
      session: ada.session,
      body: { totp: codeNow(app, secret) },
    });
    expect(confirmed.status).toBe(201);
    expect(new Set(confirmed.body.recoveryCodes as string[]).size).toBe(10);
    expect(await app.resolve({ session: confirmed.session ?? '' })).toMatchObject({
      authenticationLevel: 'two-factor',
    });
  });

  it('asks for a code from then on, and takes it (ASVS 6.3.3)', async () => {
    app.clock.ahead += 60_000;
    const first = await app.ask('POST', '/v1/sessions', {
      body: { email: ada.email, password: goodPassword },
    });
    expect(first).toMatchObject({ status: 200, body: { next: 'totp' }, session: null });
    const challenge = `/v1/sessions/challenges/${String(first.body.challengeId)}`;
    const second = await app.ask('POST', challenge, { body: { totp: codeNow(app, secret) } });
    expect(second.status).toBe(201);
    expect(Object.keys(second.body).sort()).toEqual(['expiresAt', 'sessionId']);
    expect(await app.resolve({ session: second.session ?? '' })).toMatchObject({
      actor: { type: 'user', id: ada.userId },
      roles: ['owner'],
      authenticationLevel: 'two-factor',
      sessionId: second.body.sessionId,
    });
  });
});
