/** @promise P32 guessing stops, and locks no owner out */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock, ENTRY_DETAILS_HEADER, PERSON_HEADER, readEntryDetails } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { PasswordHasher, passwordHasher } from '../password/argon2.js';
import { enrol, type Enrolled, freshCode } from '../testing/enrol.js';
import { accept, goodPassword, identityApp, type IdentityApp, operator } from '../testing/identity-app.js';
import { tokenIn } from '../testing/mailbox.js';
import { logInLimits, takeAttempt } from './throttle.js';

describe('log-in', () => {
  let app: IdentityApp;
  beforeAll(async () => {
    app = await identityApp();
  });
  afterAll(() => app.stop());

  const attempt = (email: string, password: string) =>
    app.ask('POST', '/v1/sessions', { body: { email, password } });
  const answer = (challengeId: unknown, body: object) =>
    app.ask('POST', `/v1/sessions/challenges/${String(challengeId)}`, { body });
  const failures = (organizationId: string) =>
    app.database.asWorker((sql) =>
      sql.query<{ reason: string; user_id: string | null }>(
        `select payload->>'reason' as reason, payload->>'userId' as user_id from event
         where organization_id = $1 and type = 'log-in-failed' order by position`,
        [organizationId],
      ),
    );

  it('answers an unknown email address as a wrong password (ASVS 6.3.8)', async () => {
    const ada = await app.signUp();
    const [unknown, wrong] = [
      await attempt('nobody@example.com', goodPassword),
      await attempt(ada.email, 'wrong wrong wrong wrong'),
    ];
    const comparable = ({ status, body }: typeof unknown) => ({ status, ...body, requestId: null });
    expect(comparable(unknown)).toEqual(comparable(wrong));
    expect(unknown.status).toBe(401);
    expect([...unknown.headers.keys()].sort()).toEqual([...wrong.headers.keys()].sort());
  });

  it('does the same work for both: one hash, the same statements (ASVS 6.3.8)', async () => {
    const ada = await app.signUp();
    const hasher = app.get(PasswordHasher);
    let verified: (string | null)[] = [];
    const original = hasher.verify;
    Object.assign(hasher, {
      verify: (stored: string | null, password: Parameters<typeof original>[1]) => {
        verified.push(stored === null ? null : 'a hash');
        return original(stored, password);
      },
    });
    const statementsOf = async (email: string) => {
      verified = [];
      const before = await commits();
      await attempt(email, 'wrong wrong wrong wrong');
      return { hashes: verified.length, commits: (await commits()) - before };
    };
    const commits = async () => {
      const [row] = await app.database.asWorker((sql) =>
        sql.query<{ count: string }>(`select count(*) from event where type = 'log-in-failed'`),
      );
      return Number(row?.count);
    };
    const [known, unknown] = [await statementsOf(ada.email), await statementsOf('nobody.else@example.com')];
    Object.assign(hasher, { verify: original });
    expect(known).toEqual({ hashes: 1, commits: 1 });
    expect(unknown).toEqual(known);
  });

  it('records each denied attempt; of unknown accounts in the log of the operator (ASVS 16.3.1)', async () => {
    const ada = await app.signUp();
    await attempt(ada.email, 'wrong wrong wrong wrong');
    expect(await failures(ada.organizationId)).toEqual([{ reason: 'wrong-password', user_id: ada.userId }]);
    const before = (await failures(operator)).length;
    await attempt('somebody@example.com', 'wrong wrong wrong wrong');
    expect((await failures(operator)).slice(before)).toEqual([{ reason: 'unknown-account', user_id: null }]);
  });

  it.each(['known', 'unknown'])(
    'stops guessing at a %s address after ten failures, for a while (ASVS 6.3.1)',
    async (kind) => {
      const email = kind === 'known' ? (await app.signUp()).email : 'guessed@example.com';
      for (let tried = 0; tried < 10; tried += 1) expect((await attempt(email, 'wrong')).status).toBe(401);
      const stopped = await attempt(email, goodPassword);
      expect(stopped).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
      expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
      const stops = await app.database.asWorker((sql) =>
        sql.query(`select 1 from event where type = 'log-in-stopped'`),
      );
      expect(stops).toHaveLength(kind === 'known' ? 1 : 2);
      app.clock.ahead += 16 * 60_000;
      expect((await attempt(email, goodPassword)).status).toBe(kind === 'known' ? 201 : 401);
    },
  );

  it('looks at ten guesses of any number that come at once (ASVS 6.3.1)', async () => {
    const { email } = await app.signUp();
    const answers = await Promise.all(Array.from({ length: 30 }, () => attempt(email, 'wrong')));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
  });

  it('lets no outsider keep an owner out, neither of the log-in nor of a proof within the session', async () => {
    const ada = await app.signUp();
    const outside = { sourceIp: '203.0.113.9' };
    const from = (password: string) =>
      app.ask('POST', '/v1/sessions', { body: { email: ada.email, password }, from: outside });
    for (let tried = 0; tried < 10; tried += 1) await from('wrong');
    expect((await from(goodPassword)).status).toBe(429);
    expect((await attempt(ada.email, goodPassword)).status).toBe(201);
    for (let tried = 0; tried < 10; tried += 1) await attempt(ada.email, 'wrong');
    const proof = { session: ada.session, body: { password: goodPassword } };
    expect((await app.ask('POST', '/v1/me/step-up', proof)).status).toBe(200);
  });

  it('stops guessing from many networks together at a hundred (NIST SP 800-63B-4 section 3.2.2)', async () => {
    const [vault, clock] = [app.get(Vault), app.get(Clock)];
    const hash = Buffer.alloc(32, 5);
    const guess = (sourceIp: string) =>
      app.database.beforeOrganization(async (sql) =>
        takeAttempt(sql, await logInLimits(vault, sql, hash, { sourceIp }), clock.now()),
      );
    for (let tried = 0; tried < 100; tried += 1) await guess(`203.0.113.${tried}`);
    await expect(guess('198.51.100.200')).rejects.toMatchObject({ code: 'too-many-requests' });
  });

  it('counts guesses within a session, which end by themselves', async () => {
    const ada = await app.signUp();
    const prove = (password: string) =>
      app.ask('POST', '/v1/me/step-up', { session: ada.session, body: { password } });
    const answers = await Promise.all(Array.from({ length: 15 }, () => prove('wrong')));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect((await prove(goodPassword)).status).toBe(429);
    app.clock.ahead += 16 * 60_000;
    expect((await prove(goodPassword)).status).toBe(200);
  });

  it('opens again with a password reset', async () => {
    const ada = await app.signUp();
    for (let tried = 0; tried < 10; tried += 1) await attempt(ada.email, 'wrong');
    await app.ask('POST', '/v1/password-resets', { body: { email: ada.email } });
    const token = tokenIn(await app.mail.take(ada.email, 'Choose a new password'));
    const body = { token, password: goodPassword };
    await app.ask('POST', '/v1/password-resets/confirmation', { body });
    expect((await attempt(ada.email, goodPassword)).status).toBe(201);
  });

  it('hashes a password anew when the parameters have risen (ASVS 11.4.2)', async () => {
    const ada = await app.signUp();
    const hasher = app.get(PasswordHasher);
    const stronger = await passwordHasher({ memoryKib: 19_456, passes: 3 });
    const { hash, isOutdated } = hasher;
    Object.assign(hasher, { hash: stronger.hash, isOutdated: stronger.isOutdated });
    expect((await attempt(ada.email, goodPassword)).status).toBe(201);
    Object.assign(hasher, { hash, isOutdated });
    const [row] = await app.database.forOrganization(ada.organizationId, (sql) =>
      sql.query<{ hash: string }>('select hash from password'),
    );
    expect(row?.hash).toContain('t=3');
    expect((await attempt(ada.email, goodPassword)).status).toBe(201);
  });

  describe('with a second factor', () => {
    let ada: Enrolled;
    beforeAll(async () => {
      ada = await enrol(app, await app.signUp());
    });
    const codeNow = () => freshCode(app, ada.secret);
    const challenge = async () => {
      const { status, body } = await attempt(ada.email, goodPassword);
      expect({ status, next: body.next }).toEqual({ status: 200, next: 'totp' });
      return body.challengeId;
    };

    it('is asked for after a right password, which the entry of the access log says apart from a log-in (ASVS 16.3.1)', async () => {
      const asked = await attempt(ada.email, goodPassword);
      expect(readEntryDetails(asked.headers.get(ENTRY_DETAILS_HEADER) ?? '')).toEqual({ next: 'totp' });
      expect(asked.headers.get(PERSON_HEADER)).toBe(ada.userId);
      const answered = await answer(String(asked.body.challengeId), { totp: codeNow() });
      expect([answered.status, answered.headers.get(ENTRY_DETAILS_HEADER)]).toEqual([201, null]);
      const wrong = await attempt(ada.email, 'a wrong password, long enough');
      expect([wrong.status, wrong.headers.get(ENTRY_DETAILS_HEADER)]).toEqual([401, null]);
    });

    it('lets one of two log-ins in that use the same code at the same time (ASVS 6.5.1)', async () => {
      const [one, two] = [await challenge(), await challenge()];
      const totp = codeNow();
      const answers = await Promise.all([answer(one, { totp }), answer(two, { totp })]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 401]);
      expect((await failures(ada.organizationId)).map(({ reason }) => reason)).toContain('used-code');
    });

    it('takes one challenge once, also by two codes at the same time', async () => {
      const one = await challenge();
      const codes = [{ totp: codeNow() }, { recoveryCode: ada.recoveryCodes[9] ?? '' }];
      const answers = await Promise.all(codes.map((code) => answer(one, code)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 410]);
    });

    it('takes a recovery code once, also by two at the same time, and says so in an email (ASVS 6.5.1)', async () => {
      const [one, two] = [await challenge(), await challenge()];
      const recoveryCode = ada.recoveryCodes[0]?.toLowerCase().replaceAll('-', ' ') ?? '';
      const answers = await Promise.all([answer(one, { recoveryCode }), answer(two, { recoveryCode })]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 401]);
      await app.mail.take(ada.email, 'A recovery code was used');
      const again = await answer(await challenge(), { recoveryCode });
      expect(again.status).toBe(401);
    });

    it('gives five guesses a log-in, then asks for the password again (ASVS 6.5.5)', async () => {
      const one = await challenge();
      for (let guess = 0; guess < 5; guess += 1) {
        expect((await answer(one, { totp: '000000' })).status).toBe(401);
      }
      expect((await answer(one, { totp: codeNow() })).status).toBe(410);
      app.clock.ahead += 16 * 60_000;
    });

    it('keeps a challenge open for ten minutes (ASVS 6.5.5)', async () => {
      const one = await challenge();
      app.clock.ahead += 11 * 60_000;
      expect((await answer(one, { totp: codeNow() })).status).toBe(410);
    });

    it('does not take accepted documents for a factor (ASVS 6.3.3)', async () => {
      const one = await challenge();
      expect(await answer(one, { accept })).toMatchObject({ status: 409, session: null });
      expect((await answer('A'.repeat(43), { totp: codeNow() })).status).toBe(410);
    });

    it('changes nothing of it with a password reset (ASVS 6.4.3)', async () => {
      await app.ask('POST', '/v1/password-resets', { body: { email: ada.email } });
      const message = await app.mail.take(ada.email, 'Choose a new password');
      const token = /#token=(\S+)/.exec(message.text)?.[1];
      const reset = await app.ask('POST', '/v1/password-resets/confirmation', {
        body: { token, password: goodPassword },
      });
      expect(reset.status).toBe(204);
      await challenge();
    });
  });
});
