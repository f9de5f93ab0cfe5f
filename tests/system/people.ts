import { randomUUID } from 'node:crypto';
import { Authenticator } from './authenticator.ts';
import { Client, freshKey } from './client.ts';
import { emailTo, tokenIn } from './emails.ts';
import type { SystemUnderTest } from './running-system.ts';

export type Role = 'owner' | 'admin' | 'member' | 'auditor' | 'billing';

export interface Person {
  readonly organizationId: string;
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
  /** A browser in which the person is logged in. */
  readonly browser: Client;
}

export interface Enrolled extends Person {
  readonly authenticatorId: string;
  readonly app: Authenticator;
  readonly recoveryCodes: readonly string[];
}

export interface Acceptance {
  readonly document: string;
  readonly version: string;
}

type System = Pick<SystemUnderTest, 'url' | 'mailFolder'>;

/** The documents in effect, as somebody who signs up accepts them. */
export async function currentDocuments({ url }: System): Promise<Acceptance[]> {
  const { items } = (await new Client(url).must(200, 'GET', '/v1/legal-documents')) as {
    items: Acceptance[];
  };
  return items.map(({ document, version }) => ({ document, version }));
}

export function newPerson(): { email: string; name: string; password: string } {
  const mark = randomUUID().slice(0, 8);
  return {
    email: `person-${mark}@example.com`,
    name: `Person ${mark}`,
    password: `correct horse ${randomUUID()}`,
  };
}

/** An organization with its owner, verified and logged in. */
export async function signUp(
  system: System,
  organization = `Org ${randomUUID()}`,
  { email, name, password } = newPerson(),
): Promise<Person> {
  const user = { email, name, password };
  const ids = (await new Client(system.url).must(201, 'POST', '/v1/sign-up', {
    body: { organization: { name: organization }, user, accept: await currentDocuments(system) },
    headers: freshKey(),
  })) as { organizationId: string; userId: string };
  const message = await emailTo(system.mailFolder, user.email, 'Confirm your email address');
  await new Client(system.url).must(200, 'POST', '/v1/sign-up/verification', {
    body: { token: tokenIn(message) },
  });
  return { ...ids, ...user, browser: await logIn(system, user) };
}

/** A colleague, invited and logged in. */
export async function join(system: System, owner: Client, role: Role): Promise<Person> {
  const person = newPerson();
  await owner.must(201, 'POST', '/v1/invitations', {
    body: { email: person.email, role },
    headers: freshKey(),
  });
  const token = tokenIn(await emailTo(system.mailFolder, person.email, 'Join '));
  const { name, password } = person;
  const ids = (await new Client(system.url).must(201, 'POST', '/v1/invitations/acceptance', {
    body: { token, name, password, accept: await currentDocuments(system) },
    headers: freshKey(),
  })) as { organizationId: string; userId: string };
  return { ...ids, ...person, browser: await logIn(system, person) };
}

/** Logs in by the password alone; a person with a second factor needs `answer` besides. */
export async function logIn({ url }: System, { email, password }: Pick<Person, 'email' | 'password'>) {
  const browser = new Client(url);
  const { status, text } = await browser.send('POST', '/v1/sessions', { body: { email, password } });
  if (browser.cookie === null) throw new Error(`No session: ${status} ${text}`);
  return browser;
}

/** The challenge of a person who has a second factor. */
export async function challengeOf({ url }: System, { email, password }: Person): Promise<string> {
  const { challengeId } = (await new Client(url).must(200, 'POST', '/v1/sessions', {
    body: { email, password },
  })) as { challengeId: string };
  return challengeId;
}

/** Enrols an authenticator app in the person's session, which has two factors from then on. */
export async function enrol(person: Person): Promise<Enrolled> {
  const { authenticatorId, secret } = (await person.browser.must(
    201,
    'POST',
    '/v1/me/authenticators/totp',
  )) as { authenticatorId: string; secret: string };
  const app = new Authenticator(secret);
  const { recoveryCodes } = (await person.browser.must(
    201,
    'POST',
    `/v1/me/authenticators/totp/${authenticatorId}/confirmation`,
    { body: { totp: await app.freshCode() } },
  )) as { recoveryCodes: string[] };
  return { ...person, authenticatorId, app, recoveryCodes };
}

export interface ApiKey {
  readonly apiKeyId: string;
  readonly client: Client;
}

/** What a key can be made for; all else takes a person. */
export const keyScopes = [
  'organization:read',
  'members:read',
  'audit:read',
  'audit:write',
  'audit:export',
  'security:read',
  'billing:read',
  'stripe:read',
  'attachments:read',
  'attachments:write',
] as const;

export async function makeApiKey({ url }: System, owner: Client, scopes: readonly string[]): Promise<ApiKey> {
  const { apiKeyId, key } = (await owner.must(201, 'POST', '/v1/api-keys', {
    body: { name: 'a back end', scopes: [...scopes] },
    headers: freshKey(),
  })) as { apiKeyId: string; key: string };
  return { apiKeyId, client: new Client(url, key) };
}
