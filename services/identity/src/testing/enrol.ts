import { generateSync } from 'otplib';
import { goodPassword, type IdentityApp, type Person } from './identity-app.js';

export interface Enrolled extends Person {
  readonly authenticatorId: string;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** The code of now; the clock is moved on by a step, so that it was never used before. */
export function freshCode(app: IdentityApp, secret: string): string {
  app.clock.ahead += 60_000;
  return codeNow(app, secret);
}

/** What the person's authenticator app shows. */
export function codeNow({ clock }: IdentityApp, secret: string): string {
  return generateSync({ secret, epoch: Math.floor((Date.now() + clock.ahead) / 1000) });
}

/** Enrols an authenticator app in the person's session, which has two factors from then on. */
export async function enrol(app: IdentityApp, person: Person): Promise<Enrolled> {
  const begun = await app.ask('POST', '/v1/me/authenticators/totp', { session: person.session });
  if (begun.status !== 201) throw new Error(`${begun.status} ${JSON.stringify(begun.body)}`);
  const { authenticatorId, secret } = begun.body as { authenticatorId: string; secret: string };
  const confirmed = await app.ask('POST', `/v1/me/authenticators/totp/${authenticatorId}/confirmation`, {
    session: person.session,
    body: { totp: freshCode(app, secret) },
  });
  if (confirmed.status !== 201) throw new Error(`${confirmed.status} ${JSON.stringify(confirmed.body)}`);
  const { recoveryCodes } = confirmed.body as { recoveryCodes: string[] };
  // The browser keeps the new cookie: the old one is dead (ASVS 7.2.4).
  person.session = confirmed.session ?? '';
  return { ...person, authenticatorId, secret, recoveryCodes };
}

/** A new session with two factors. */
export async function logInWithCode(app: IdentityApp, { email, secret }: Enrolled): Promise<string> {
  const { body } = await app.ask('POST', '/v1/sessions', { body: { email, password: goodPassword } });
  const answered = await app.ask('POST', `/v1/sessions/challenges/${String(body.challengeId)}`, {
    body: { totp: freshCode(app, secret) },
  });
  if (!answered.session) throw new Error(`${answered.status} ${JSON.stringify(answered.body)}`);
  return answered.session;
}
