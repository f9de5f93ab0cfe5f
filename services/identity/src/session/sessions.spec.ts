import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { enrol } from '../testing/enrol.js';
import { goodPassword, identityApp, type IdentityApp, type Person } from '../testing/identity-app.js';

const minutes = (count: number) => count * 60_000;

describe('sessions', () => {
  let app: IdentityApp;
  beforeAll(async () => {
    app = await identityApp();
  });
  afterAll(() => app.stop());

  const logInAgain = async ({ email, password }: Pick<Person, 'email' | 'password'>) => {
    const { session, body } = await app.ask('POST', '/v1/sessions', { body: { email, password } });
    return { session: session ?? '', sessionId: String(body.sessionId) };
  };
  const isLive = async (session: string) => (await app.resolve({ session })) !== null;

  it('have 256 random bits, of which only the SHA-256 is stored (ASVS 7.2.3)', async () => {
    const ada = await app.signUp();
    expect(Buffer.from(ada.session, 'base64url')).toHaveLength(32);
    const rows = await app.database.forOrganization(ada.organizationId, (sql) =>
      sql.query<{ session_hash: Buffer; row: string }>(
        'select session_hash, session::text as row from session',
      ),
    );
    expect(rows[0]?.session_hash).toEqual(createHash('sha256').update(ada.session).digest());
    expect(rows[0]?.row).not.toContain(ada.session);
  });

  it('are new at every log-in (ASVS 7.2.4)', async () => {
    const ada = await app.signUp();
    const again = await logInAgain(ada);
    expect(again.session).not.toBe(ada.session);
  });

  it('are dead at once after a log-out, and the gateway is told (ASVS 7.4.1)', async () => {
    const ada = await app.signUp();
    const { sessionId } = (await app.resolve({ session: ada.session })) ?? {};
    const ended = await app.ask('DELETE', `/v1/sessions/${sessionId ?? ''}`, { session: ada.session });
    expect([ended.status, ended.headers.get('vouchsafe-session-ended')]).toEqual([204, '1']);
    expect(await isLive(ada.session)).toBe(false);
  });

  it('are listed with where they came from; others can be ended (ASVS 7.5.2, 7.4.3)', async () => {
    const ada = await app.signUp();
    const [second, third] = [await logInAgain(ada), await logInAgain(ada)];
    const list = await app.ask('GET', '/v1/sessions', { session: ada.session });
    const items = list.body.items as { sessionId: string; current: boolean; sourceIp: string }[];
    expect(items.map(({ current }) => current)).toEqual([false, false, true]);
    expect(items[0]).toMatchObject({ sourceIp: '198.51.100.7', userAgent: 'Test browser' });
    const one = await app.ask('DELETE', `/v1/sessions/${second.sessionId}`, { session: ada.session });
    expect([one.status, one.headers.get('vouchsafe-session-ended')]).toEqual([204, null]);
    expect([await isLive(second.session), await isLive(third.session)]).toEqual([false, true]);
    expect((await app.ask('DELETE', '/v1/sessions', { session: ada.session })).status).toBe(204);
    expect([await isLive(third.session), await isLive(ada.session)]).toEqual([false, true]);
  });

  it("of another person of the same organization can't be ended (ASVS 8.2.2)", async () => {
    const ada = await app.signUp();
    const grace = await app.join(ada, 'member');
    const { sessionId } = (await app.resolve({ session: grace.session })) ?? {};
    const ended = await app.ask('DELETE', `/v1/sessions/${sessionId ?? ''}`, { session: ada.session });
    expect([ended.status, await isLive(grace.session)]).toEqual([404, true]);
  });

  it('end after an hour without a request, and are kept alive by requests (ASVS 7.3.1)', async () => {
    const ada = await app.signUp();
    for (let hour = 0; hour < 2; hour += 1) {
      app.clock.ahead += minutes(45);
      expect(await isLive(ada.session)).toBe(true);
    }
    app.clock.ahead += minutes(61);
    expect(await isLive(ada.session)).toBe(false);
  });

  it('end after a day, whatever is done with them (ASVS 7.3.2)', async () => {
    const ada = await app.signUp();
    for (let half = 0; half < 47; half += 1) {
      app.clock.ahead += minutes(30);
      expect(await isLive(ada.session)).toBe(true);
    }
    app.clock.ahead += minutes(31);
    expect(await isLive(ada.session)).toBe(false);
  });

  it('end, but for the one that changes it, when the password changes (ASVS 7.4.3)', async () => {
    const ada = await app.signUp();
    const other = await logInAgain(ada);
    const newPassword = 'another ladder, another lamp';
    const wrong = await app.ask('PUT', '/v1/me/password', {
      session: ada.session,
      body: { currentPassword: 'not the present one', newPassword },
    });
    expect(wrong.status).toBe(401);
    const changed = await app.ask('PUT', '/v1/me/password', {
      session: ada.session,
      body: { currentPassword: goodPassword, newPassword },
    });
    expect(changed.status).toBe(204);
    expect([await isLive(other.session), await isLive(ada.session)]).toEqual([false, true]);
    expect((await logInAgain(ada)).session).toBe('');
    expect(await isLive((await logInAgain({ ...ada, password: newPassword })).session)).toBe(true);
    await app.mail.take(ada.email, 'Your password was changed');
  });

  it('all end with a password reset, whose link works once and for an hour (ASVS 6.4.1, 7.4.3)', async () => {
    const ada = await app.signUp();
    const other = await logInAgain(ada);
    const ask = async () => {
      await app.ask('POST', '/v1/password-resets', { body: { email: ada.email.toUpperCase() } });
      return /#token=(\S+)/.exec((await app.mail.take(ada.email, 'Choose a new')).text)?.[1];
    };
    const reset = (token: string | undefined, password: string) =>
      app.ask('POST', '/v1/password-resets/confirmation', { body: { token, password } });
    const late = await ask();
    app.clock.ahead += minutes(61);
    expect((await reset(late, 'a third ladder, a third lamp')).status).toBe(410);
    const token = await ask();
    expect((await reset(token, 'password1')).status).toBe(400);
    const answers = await Promise.all([
      reset(token, 'a third ladder, a third lamp'),
      reset(token, 'a fourth ladder, a fourth lamp'),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 410]);
    expect([await isLive(ada.session), await isLive(other.session)]).toEqual([false, false]);
  });

  it('answer a reset for an unknown address in the same way, and send nothing (ASVS 6.3.8)', async () => {
    const ada = await app.signUp();
    const before = app.mail.emails.length;
    const ask = (email: string) => app.ask('POST', '/v1/password-resets', { body: { email } });
    const [unknown, known] = [await ask('nobody@example.com'), await ask(ada.email)];
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
    await app.mail.take(ada.email, 'Choose a new');
    expect(app.mail.emails.slice(before).map(({ to }) => to)).toEqual([ada.email]);
  });

  it('ask for a proof again before sensitive operations (ASVS 7.5.1)', async () => {
    const ada = await app.signUp();
    app.clock.ahead += minutes(11);
    const require = (session = ada.session) =>
      app.ask('PATCH', '/v1/organization', { session, body: { name: 'Renamed Ltd' } });
    expect(await require()).toMatchObject({ status: 403, body: { code: 'step-up-required' } });
    const stepUp = (body: object) => app.ask('POST', '/v1/me/step-up', { session: ada.session, body });
    expect((await stepUp({ password: 'wrong wrong wrong' })).status).toBe(401);
    const proved = await stepUp({ password: goodPassword });
    expect(proved.status).toBe(200);
    expect((await require(proved.session ?? '')).status).toBe(204);
    expect(JSON.stringify(proved.body)).not.toContain(proved.session);
  });

  it('go on under a new secret once more is proved: a copied cookie has no part in it (ASVS 7.2.4)', async () => {
    const ada = await app.signUp();
    const stolen = ada.session;
    const proof = { session: ada.session, body: { password: goodPassword } };
    const { session } = await app.ask('POST', '/v1/me/step-up', proof);
    expect([await isLive(stolen), await isLive(session ?? '')]).toEqual([false, true]);
    const copied = session ?? '';
    ada.session = copied;
    await enrol(app, ada);
    expect([await isLive(copied), await isLive(ada.session)]).toEqual([false, true]);
    expect(await app.resolve({ session: ada.session })).toMatchObject({ authenticationLevel: 'two-factor' });
  });

  it('end when their browser logs in anew (ASVS 7.2.4)', async () => {
    const ada = await app.signUp();
    const other = await logInAgain(ada);
    const { session } = await app.ask('POST', '/v1/sessions', {
      session: ada.session,
      body: { email: ada.email, password: goodPassword },
    });
    const live = [await isLive(ada.session), await isLive(other.session), await isLive(session ?? '')];
    expect(live).toEqual([false, true, true]);
  });

  it('with a second factor are not proved again by the password alone (ASVS 6.3.3)', async () => {
    const ada = await enrol(app, await app.signUp());
    const byPassword = await app.ask('POST', '/v1/me/step-up', {
      session: ada.session,
      body: { password: goodPassword },
    });
    expect(byPassword).toMatchObject({ status: 403, body: { code: 'second-factor-required' } });
  });

  it('answer nothing for a secret that nobody has', async () => {
    expect(await app.resolve({ session: Buffer.alloc(32, 7).toString('base64url') })).toBeNull();
    expect(await app.resolve({ apiKey: 'vs_nothing' })).toBeNull();
  });

  it('are asked for by services alone (ASVS 8.3.2)', async () => {
    const ada = await app.signUp();
    const asked = await app.ask('POST', '/internal/sessions/resolve', {
      session: ada.session,
      body: { session: ada.session },
    });
    expect(asked.status).toBe(403);
  });
});
