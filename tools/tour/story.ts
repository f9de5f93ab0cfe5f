import { randomUUID } from 'node:crypto';
import { Authenticator } from './authenticator.ts';
import { Client } from './client.ts';
import { emailTo } from './emails.ts';
import { expectThat, type Narrator } from './narrator.ts';

export interface Setting {
  readonly url: string;
  readonly mailFolder: string;
  readonly narrator: Narrator;
}

/** One person of the story: who she is, and how she proves it. */
export interface Person {
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

interface Document {
  readonly document: string;
  readonly version: string;
  readonly title: string;
  readonly sha256: string;
}
interface Ids {
  readonly organizationId: string;
  readonly userId: string;
}

export interface SignedUp extends Ids {
  readonly owner: Person;
  readonly browser: Client;
  readonly accept: readonly { readonly document: string; readonly version: string }[];
}

/** Sign-up with recorded consent, the email's link, the first log-in (P07, P15). */
export async function signUp({ url, mailFolder, narrator }: Setting): Promise<SignedUp> {
  const { step, tell } = narrator;
  // Fresh every time: an address has one account, and the tour can be played again.
  const owner = {
    email: `ada-${randomUUID().slice(0, 8)}@example.com`,
    name: 'Ada Lovelace',
    password: `tour ${randomUUID()}`,
  };
  const browser = new Client(url, narrator);

  step('A new customer asks which documents she has to accept.');
  const { items } = (await browser.get('/v1/legal-documents', { expect: 200 })).json() as {
    items: Document[];
  };
  for (const { title, version, sha256 } of items)
    tell(`${title}, version ${version}, SHA-256 ${sha256.slice(0, 16)}...`);
  expectThat(items.length === 2, 'Two legal documents were expected');
  const accept = items.map(({ document, version }) => ({ document, version }));

  step('Without accepting them she cannot create an account (P15).');
  const request = { organization: { name: 'Analytical Engines' }, user: owner };
  await browser.post('/v1/sign-up', {
    body: { ...request, accept: accept.slice(0, 1) },
    expect: [400, 409, 422],
  });

  step('She signs up, and accepts both: account and consents are one transaction.');
  const ids = (
    await browser.post('/v1/sign-up', { body: { ...request, accept }, expect: 201 })
  ).json() as Ids;
  tell(`organization ${ids.organizationId}\nuser         ${ids.userId}`);

  step('Nothing works before her email address is confirmed.');
  await browser.post('/v1/sessions', { body: credentialsOf(owner), expect: [400, 401, 403] });

  step('The email has come; she opens its link.');
  const message = await emailTo(mailFolder, owner.email);
  tell(`"${message.subject}", in ${message.file}`);
  await browser.post('/v1/sign-up/verification', { body: { token: message.token }, expect: 200 });
  tell('The link works once:');
  await browser.post('/v1/sign-up/verification', { body: { token: message.token }, expect: [400, 404, 410] });

  step('She logs in. The session is in a cookie that only the gateway can read (P26).');
  const answer = await browser.post('/v1/sessions', { body: credentialsOf(owner), expect: 201 });
  tell(
    `session until ${(answer.json() as { expiresAt: string }).expiresAt}; the cookie: ${cookieRules(answer.headers)}`,
  );

  step('Her consents stand on record: which version, which text, when, from where (P15).');
  const consents = (await browser.get('/v1/me/consents', { expect: 200 })).json() as {
    items: readonly {
      document: string;
      version: string;
      sha256: string;
      acceptedAt: string;
      sourceIp: string | null;
    }[];
  };
  for (const one of consents.items)
    tell(`${one.document} ${one.version}, ${one.acceptedAt}, from ${one.sourceIp ?? 'unknown'}`);
  expectThat(
    items.every(({ document, sha256 }) =>
      consents.items.some((one) => one.document === document && one.sha256 === sha256),
    ),
    'The recorded consents are not those of the documents shown',
  );
  return { ...ids, owner, browser, accept };
}

/** A second factor: enrolled, asked for, and a code that works once (P12). */
export async function secondFactor(
  { url, narrator }: Setting,
  { owner, browser }: SignedUp,
): Promise<Client> {
  const { step, tell } = narrator;
  const waiting = (seconds: number) => tell(`(a code works once: waiting ${seconds} s for the next one)`);

  step('She enrols an authenticator app (P12).');
  const enrolment = (await browser.post('/v1/me/authenticators/totp', { expect: 201 })).json() as {
    authenticatorId: string;
    secret: string;
  };
  const app = new Authenticator(enrolment.secret);
  const first = await app.freshCode(waiting);
  const { recoveryCodes } = (
    await browser.post(`/v1/me/authenticators/totp/${enrolment.authenticatorId}/confirmation`, {
      body: { totp: first },
      expect: 201,
    })
  ).json() as { recoveryCodes: string[] };
  tell(`${recoveryCodes.length} recovery codes, shown this once`);

  step('From now on her password alone is not enough.');
  const again = new Client(url, narrator);
  const asked = (await again.post('/v1/sessions', { body: credentialsOf(owner), expect: 200 })).json() as {
    next: string;
    challengeId: string;
  };
  tell(`next: ${asked.next}`);
  expectThat(asked.next === 'totp', `The log-in asked for ${asked.next}`);
  const challenge = `/v1/sessions/challenges/${asked.challengeId}`;
  tell('The code that she enrolled with was used, so it is refused, even within its half minute:');
  await again.post(challenge, { body: { totp: first }, expect: [400, 401] });
  await again.post(challenge, { body: { totp: await app.freshCode(waiting) }, expect: 201 });

  step('If the app is lost, a recovery code works once.');
  const recovered = new Client(url, narrator);
  const code = recoveryCodes[0] ?? '';
  await recovered.post(await challengeOf(recovered, owner), { body: { recoveryCode: code }, expect: 201 });
  const twice = new Client(url, narrator);
  tell('The same code again:');
  await twice.post(await challengeOf(twice, owner), { body: { recoveryCode: code }, expect: [400, 401] });

  step('She ends that session; it stops working at once.');
  const { items } = (await recovered.get('/v1/sessions', { expect: 200 })).json() as {
    items: readonly { sessionId: string; current?: boolean }[];
  };
  const own = items.find(({ current }) => current) ?? items.at(-1);
  tell(`${items.length} sessions are open`);
  await recovered.delete(`/v1/sessions/${own?.sessionId ?? ''}`, { expect: 204 });
  await recovered.get('/v1/me', { expect: 401 });
  return again;
}

/** A colleague joins by invitation, and sees what her role lets her see. */
export async function invitation(
  { url, mailFolder, narrator }: Setting,
  owner: Client,
  { accept }: SignedUp,
): Promise<void> {
  const { step, tell } = narrator;
  const colleague = {
    email: `grace-${randomUUID().slice(0, 8)}@example.com`,
    name: 'Grace Hopper',
    password: `tour ${randomUUID()}`,
  };

  step('She invites a colleague, who joins by the email and accepts the documents, too.');
  await owner.post('/v1/invitations', { body: { email: colleague.email, role: 'member' }, expect: 201 });
  const message = await emailTo(mailFolder, colleague.email);
  tell(`"${message.subject}"`);
  const browser = new Client(url, narrator);
  const { name, password } = colleague;
  await browser.post('/v1/invitations/acceptance', {
    body: { token: message.token, name, password, accept },
    expect: 201,
  });
  const members = (await owner.get('/v1/members', { expect: 200 })).json() as {
    items: readonly { name: string | null; role: string }[];
  };
  tell(members.items.map((member) => `${member.name ?? '(erased)'}: ${member.role}`).join('\n'));
  expectThat(members.items.length === 2, `Two members were expected, not ${members.items.length}`);

  step('The colleague is a member: she may not read the audit log (P02, P19).');
  await browser.post('/v1/sessions', { body: credentialsOf(colleague), expect: 201 });
  await browser.get('/v1/audit/entries', { expect: 403 });
}

/** A key for the company's own back end; least privilege by scopes (P02). */
export async function apiKey({ url, narrator }: Setting, owner: Client): Promise<Client> {
  const { step, tell } = narrator;
  step(
    "She creates an API key for her company's back end; it may write and read audit entries, and nothing else.",
  );
  const made = (
    await owner.post('/v1/api-keys', {
      body: { name: 'back end', scopes: ['audit:write', 'audit:read'] },
      expect: 201,
    })
  ).json() as { key: string };
  tell(`${made.key.slice(0, 8)}... (shown this once; only its hash is kept)`);
  const backEnd = new Client(url, narrator, made.key);
  await backEnd.get('/v1/members', { expect: 403 });
  return backEnd;
}

function credentialsOf({ email, password }: Person) {
  return { email, password };
}

async function challengeOf(browser: Client, person: Person): Promise<string> {
  const asked = (await browser.post('/v1/sessions', { body: credentialsOf(person), expect: 200 })).json() as {
    challengeId: string;
  };
  return `/v1/sessions/challenges/${asked.challengeId}`;
}

function cookieRules(headers: Headers): string {
  const [cookie = ''] = headers.getSetCookie();
  const [pair = '', ...rules] = cookie.split('; ');
  return [pair.split('=')[0], ...rules].join('; ');
}
