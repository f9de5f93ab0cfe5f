/** @promise P32 beyond the limit of attempts no password is hashed */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PasswordHasher } from '../password/argon2.js';
import { codeNow, enrol } from '../testing/enrol.js';
import {
  accept,
  type Answer,
  type AskOptions,
  identityApp,
  type IdentityApp,
  type Person,
} from '../testing/identity-app.js';
import { tokenIn } from '../testing/mailbox.js';

type Ask = readonly [method: string, path: string, options: AskOptions];

interface Tried {
  /** Fails, and hashes at most one password. */
  readonly wrong: Ask;
  /** Would succeed within the limit. */
  readonly right: Ask;
  /** How the wrong one is answered. */
  readonly refused: number;
}

const chosen = 'nine quiet rivers by night';

/** Every operation that takes a password, a code or a link's token and works out a hash, or compares a code, for it. */
const operations: Readonly<Record<string, (app: IdentityApp, ada: Person) => Promise<Tried>>> = {
  'session.create': (_, { email, password }) => {
    const logIn = (given: string): Ask => ['POST', '/v1/sessions', { body: { email, password: given } }];
    return Promise.resolve({ wrong: logIn('wrong'), right: logIn(password), refused: 401 });
  },
  'session.step-up': (_, { session, password }) => {
    const prove = (given: string): Ask => ['POST', '/v1/me/step-up', { session, body: { password: given } }];
    return Promise.resolve({ wrong: prove('wrong'), right: prove(password), refused: 401 });
  },
  'password.change': (_, { session, password }) => {
    const change = (currentPassword: string): Ask => [
      'PUT',
      '/v1/me/password',
      { session, body: { currentPassword, newPassword: chosen } },
    ];
    return Promise.resolve({ wrong: change('wrong'), right: change(password), refused: 401 });
  },
  'authenticator.confirm-totp': async (app, { session }) => {
    const begun = await app.ask('POST', '/v1/me/authenticators/totp', { session });
    const { authenticatorId, secret } = begun.body as { authenticatorId: string; secret: string };
    const path = `/v1/me/authenticators/totp/${authenticatorId}/confirmation`;
    const confirm = (totp: string): Ask => ['POST', path, { session, body: { totp } }];
    return { wrong: confirm('000000'), right: confirm(codeNow(app, secret)), refused: 401 };
  },
  'password.reset': async (app, { email }) => {
    await app.ask('POST', '/v1/password-resets', { body: { email } });
    const token = tokenIn(await app.mail.take(email, 'Choose a new password'));
    const reset = (password: string): Ask => [
      'POST',
      '/v1/password-resets/confirmation',
      { body: { token, password } },
    ];
    return { wrong: reset('too short'), right: reset(chosen), refused: 400 };
  },
  'invitation.accept': acceptInvitation,
};

describe('an attempt is taken before anything is worked out for it', () => {
  let app: IdentityApp;
  let hashes = 0;
  beforeAll(async () => {
    app = await identityApp();
    const hasher = app.get(PasswordHasher);
    const { hash, verify } = hasher;
    const counting: Pick<PasswordHasher, 'hash' | 'verify'> = {
      hash: (password) => ((hashes += 1), hash(password)),
      verify: (stored, password) => ((hashes += 1), verify(stored, password)),
    };
    Object.assign(hasher, counting);
  });
  afterAll(() => app.stop());

  const ask = ([method, path, options]: Ask): Promise<Answer> => app.ask(method, path, options);
  const hashesOf = async (asked: readonly Ask[]) => {
    const before = hashes;
    const statuses = (await Promise.all(asked.map(ask))).map(({ status }) => status);
    return { statuses, hashes: hashes - before };
  };

  it.each(Object.entries(operations))(
    '%s: beyond the limit nothing is hashed, be the guess right or wrong (ASVS 6.3.1, 6.3.8)',
    async (_, operation) => {
      const { wrong, right, refused } = await operation(app, await app.signUp());
      const flood = await hashesOf(Array.from({ length: 25 }, () => wrong));
      expect(flood.statuses.filter((status) => status === refused)).toHaveLength(10);
      expect(flood.statuses.filter((status) => status === 429)).toHaveLength(15);
      expect(flood.hashes).toBeLessThanOrEqual(10);
      expect(await hashesOf([wrong, right])).toEqual({ statuses: [429, 429], hashes: 0 });
    },
  );

  it('an invitation that is accepted makes nobody hash on', async () => {
    const { right } = await acceptInvitation(app, await app.signUp());
    expect((await ask(right)).status).toBe(201);
    const flood = await hashesOf(Array.from({ length: 25 }, () => right));
    expect([new Set(flood.statuses), flood.hashes]).toEqual([new Set([410, 429]), 10]);
  });

  it('a code of a second factor costs an attempt at the account, as its password does', async () => {
    const { email, password, secret } = await enrol(app, await app.signUp());
    const logIn = () => app.ask('POST', '/v1/sessions', { body: { email, password } });
    const answer = async (totp: string) => {
      const { body } = await logIn();
      return app.ask('POST', `/v1/sessions/challenges/${String(body.challengeId)}`, { body: { totp } });
    };
    const { challengeId } = (await logIn()).body;
    for (let tried = 0; tried < 10; tried += 1) expect((await answer('000000')).status).toBe(401);
    const body = { totp: codeNow(app, secret) };
    expect((await app.ask('POST', `/v1/sessions/challenges/${String(challengeId)}`, { body })).status).toBe(
      429,
    );
  });
});

async function acceptInvitation(app: IdentityApp, { session }: Person): Promise<Tried> {
  const email = `grace.${Math.random().toString(36).slice(2)}@example.com`;
  await app.ask('POST', '/v1/invitations', { session, body: { email, role: 'member' } });
  const token = tokenIn(await app.mail.take(email, 'Join'));
  const join = (password: string): Ask => [
    'POST',
    '/v1/invitations/acceptance',
    { body: { token, name: 'Grace Example', password, accept } },
  ];
  return { wrong: join('too short'), right: join(chosen), refused: 400 };
}
