import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, Client } from './system/client.ts';
import { emails, emailTo, tokenIn } from './system/emails.ts';
import {
  challengeOf,
  currentDocuments,
  enrol,
  type Enrolled,
  newPerson,
  type Person,
  signUp,
} from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

let system: SystemUnderTest;
let owner: Enrolled;
beforeAll(async () => {
  system = await startForTests();
  owner = await enrol(await signUp(system));
}, 180_000);
afterAll(() => system.stop(), 60_000);

const AT_ONCE = 6;

/** Sends them in the same moment, each over a connection of its own. */
function atOnce(send: (nth: number) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, (_, nth) => send(nth)));
}

function statuses(answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status).sort((a, b) => a - b);
}

describe('of requests that arrive at once', () => {
  it('one log-in gets a time step of TOTP, whichever challenge it answers (ASVS 6.5.1)', async () => {
    const challenges = await Promise.all(Array.from({ length: AT_ONCE }, () => challengeOf(system, owner)));
    const totp = await owner.app.freshCode();
    const answers = await atOnce((nth) =>
      new Client(system.url).send('POST', `/v1/sessions/challenges/${challenges[nth] ?? ''}`, {
        body: { totp },
      }),
    );
    expect(statuses(answers)).toEqual([201, 401, 401, 401, 401, 401]);
  });

  it('one gets a challenge, whichever right codes they bring', async () => {
    const challenge = await challengeOf(system, owner);
    const codes = owner.recoveryCodes.slice(0, 2);
    const answers = await Promise.all(
      codes.map((recoveryCode) =>
        new Client(system.url).send('POST', `/v1/sessions/challenges/${challenge}`, {
          body: { recoveryCode },
        }),
      ),
    );
    expect(statuses(answers)).toEqual([201, 410]);
  });

  it('one gets a recovery code', async () => {
    const challenges = await Promise.all([challengeOf(system, owner), challengeOf(system, owner)]);
    const recoveryCode = owner.recoveryCodes[5];
    const answers = await Promise.all(
      challenges.map((id) =>
        new Client(system.url).send('POST', `/v1/sessions/challenges/${id}`, { body: { recoveryCode } }),
      ),
    );
    expect(statuses(answers)).toEqual([201, 401]);
  });

  it('one gets an invitation, and the organization one member more', async () => {
    const before = await members();
    const { email } = newPerson();
    await owner.browser.must(201, 'POST', '/v1/invitations', { body: { email, role: 'member' } });
    const token = tokenIn(await emailTo(system.mailFolder, email, 'Join '));
    const accept = await currentDocuments(system);
    const answers = await atOnce((nth) =>
      new Client(system.url).send('POST', '/v1/invitations/acceptance', {
        body: { token, name: `Racer ${nth}`, password: newPerson().password, accept },
      }),
    );
    expect(statuses(answers)).toEqual([201, 410, 410, 410, 410, 410]);
    expect(await members()).toBe(before + 1);
  });

  it('one sign-up gets an address that several verify', async () => {
    const { email } = newPerson();
    const accept = await currentDocuments(system);
    const people = await Promise.all(
      [1, 2, 3].map(async (): Promise<Omit<Person, 'browser'>> => {
        const user = { ...newPerson(), email };
        const ids = (await new Client(system.url).must(201, 'POST', '/v1/sign-up', {
          body: { organization: { name: 'Racers' }, user, accept },
        })) as { organizationId: string; userId: string };
        return { ...ids, ...user };
      }),
    );
    const tokens = new Set<string>();
    for (const until = performance.now() + 30_000; tokens.size < 3;) {
      for (const message of await emailsTo(email)) tokens.add(tokenIn(message));
      expect(performance.now()).toBeLessThan(until);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const answers = await Promise.all(
      [...tokens].map((token) =>
        new Client(system.url).send('POST', '/v1/sign-up/verification', { body: { token } }),
      ),
    );
    expect(statuses(answers)).toEqual([200, 410, 410]);
    const logIns = await Promise.all(
      people.map(({ password }) =>
        new Client(system.url).send('POST', '/v1/sessions', { body: { email, password } }),
      ),
    );
    expect(statuses(logIns)).toEqual([201, 401, 401]);
  });

  it('all get the first answer of their Idempotency-Key, and the work is done once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const { email } = newPerson();
    const answers = await atOnce(() =>
      owner.browser.send('POST', '/v1/invitations', { body: { email, role: 'member' }, headers }),
    );
    expect(statuses(answers)).toEqual([201, 201, 201, 201, 201, 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await invitations()).filter((one) => one.email === email)).toHaveLength(1);
  });

  it('one body gets an Idempotency-Key, and the others are refused', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const emails = Array.from({ length: AT_ONCE }, () => newPerson().email);
    const answers = await atOnce((nth) =>
      owner.browser.send('POST', '/v1/invitations', {
        body: { email: emails[nth], role: 'member' },
        headers,
      }),
    );
    expect(statuses(answers)).toEqual([201, 409, 409, 409, 409, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.json()).toMatchObject({ code: 'idempotency-key-reused' });
    expect((await invitations()).filter((one) => emails.includes(one.email))).toHaveLength(1);
  });

  it('one key is shown for an Idempotency-Key, once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { name: 'race', scopes: ['audit:read'] };
    const answers = await atOnce(() => owner.browser.send('POST', '/v1/api-keys', { body, headers }));
    expect(statuses(answers)).toEqual([201, 201, 201, 201, 201, 201]);
    const shown = answers.map((answer) => answer.json() as { apiKeyId: string; key?: string });
    expect(new Set(shown.map(({ apiKeyId }) => apiKeyId)).size).toBe(1);
    expect(shown.filter(({ key }) => key !== undefined)).toHaveLength(1);
  });

  it('one changes what both have read: If-Match lets nobody overwrite unseen', async () => {
    const read = await owner.browser.send('GET', '/v1/organization');
    const headers = { 'if-match': read.headers.etag as string };
    const answers = await atOnce((nth) =>
      owner.browser.send('PATCH', '/v1/organization', { body: { name: `Renamed ${nth}` }, headers }),
    );
    expect(statuses(answers)).toEqual([204, 412, 412, 412, 412, 412]);
  });

  it('the last owner stays, whoever leaves or is removed', async () => {
    const first = await signUp(system);
    const { email } = newPerson();
    await first.browser.must(201, 'POST', '/v1/invitations', { body: { email, role: 'owner' } });
    const token = tokenIn(await emailTo(system.mailFolder, email, 'Join '));
    const password = newPerson().password;
    await new Client(system.url).must(201, 'POST', '/v1/invitations/acceptance', {
      body: { token, name: 'Second', password, accept: await currentDocuments(system) },
    });
    const second = new Client(system.url);
    await second.must(201, 'POST', '/v1/sessions', { body: { email, password } });
    const answers = await Promise.all([
      first.browser.send('DELETE', '/v1/me'),
      second.send('DELETE', '/v1/me'),
    ]);
    expect(statuses(answers)).toEqual([204, 409]);
  });
});

async function members(): Promise<number> {
  const { items } = (await owner.browser.must(200, 'GET', '/v1/members')) as { items: object[] };
  return items.length;
}

async function invitations(): Promise<{ email: string }[]> {
  const { items } = (await owner.browser.must(200, 'GET', '/v1/invitations?limit=200')) as {
    items: { email: string }[];
  };
  return items;
}

async function emailsTo(address: string) {
  return (await emails(system.mailFolder)).filter(({ to }) => to === address);
}
