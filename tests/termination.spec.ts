/** @promise P31 an organization that ends is inactive first: who may still do what, what the owners are told, and how it comes back */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, freshKey } from './system/client.ts';
import { emails, emailTo } from './system/emails.ts';
import { eventually } from './system/eventually.ts';
import { moveClock, movedBy } from './system/moved-clock.ts';
import { join, logIn, makeApiKey, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';
import { saveCard } from './system/stripe.ts';

const DAY_MS = 86_400_000;
const route = '/v1/lifecycle/termination';

let folder: string;
let system: SystemUnderTest;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-termination-'));
  await moveClock(folder, 0);
  system = await startForTests(movedBy(folder));
}, 240_000);
afterAll(async () => {
  await system.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

interface Shown {
  readonly status: string;
  readonly endedAt: string;
  readonly noticedAt: string | null;
  readonly plan: Readonly<Record<string, string>>;
}

const read = async (browser: Client) => (await browser.must(200, 'GET', route)) as Shown;

function termination(browser: Client, is: (shown: Shown) => boolean): Promise<Shown> {
  return eventually('The termination', async () => {
    const shown = await read(browser);
    return is(shown) ? shown : undefined;
  });
}

async function entry(browser: Client, operation: string): Promise<Readonly<Record<string, unknown>>> {
  return eventually(`The entry ${operation}`, async () => {
    const { entries } = (await browser.must(200, 'GET', '/v1/audit/entries', {
      query: { operation, limit: '1' },
    })) as { entries: Readonly<Record<string, unknown>>[] };
    return entries[0];
  });
}

const days = (from: string, to: string | undefined) => (Date.parse(to ?? '') - Date.parse(from)) / DAY_MS;

describe('an organization that its owner closes', () => {
  const name = 'Analytical Engines';
  let owner: Person;
  let member: Person;
  let key: Client;

  beforeAll(async () => {
    owner = await signUp(system, name);
    member = await join(system, owner.browser, 'member');
    key = (await makeApiKey(system, owner.browser, ['audit:read'])).client;
  });

  it('is in use until then', async () => {
    expect(await read(owner.browser)).toEqual({ status: 'active', hasLiveSubscription: false });
    expect(await owner.browser.send('DELETE', route)).toMatchObject({ status: 409 });
  });

  it('is not closed by somebody who does not know its name, nor by a member', async () => {
    const wrong = await owner.browser.send('POST', route, {
      body: { organizationName: 'analytical engines' },
    });
    expect(wrong).toMatchObject({ status: 422 });
    expect(wrong.json()).toMatchObject({ reason: 'other-name', errors: [{ pointer: '/organizationName' }] });
    expect(await member.browser.send('POST', route, { body: { organizationName: name } })).toMatchObject({
      status: 403,
    });
    expect(await read(owner.browser)).toMatchObject({ status: 'active' });
  });

  it('is inactive at once, and says what happens when', async () => {
    const closed = (await owner.browser.must(201, 'POST', route, {
      body: { organizationName: name },
    })) as Shown;
    expect(closed).toMatchObject({ status: 'inactive', cause: 'closed-by-owner', undoneBy: 'reopen' });
    const { endedAt, plan } = closed;
    expect(days(endedAt, plan.purgeFrom)).toBe(120);
    expect(days(endedAt, plan.productionErasedBy)).toBe(210);
    expect(days(endedAt, plan.backupsExpiredBy)).toBe(300);
    expect(await owner.browser.send('POST', route, { body: { organizationName: name } })).toMatchObject({
      status: 409,
    });
  });

  it('is its owners’ alone', async () => {
    const inactive = { status: 403, code: 'organization-inactive' };
    const refused = (client: Client, method: string, to: string, body?: object) =>
      eventually(`${method} ${to} refused`, async () => {
        const answer = await client.send(method, to, body && { body });
        const { status } = answer;
        const { code } = answer.json() as { code?: string };
        return status === 403 && code === 'organization-inactive' ? { status, code } : undefined;
      });
    expect(await refused(key, 'GET', '/v1/audit/entries')).toEqual(inactive);
    expect(await refused(member.browser, 'GET', '/v1/organization')).toEqual(inactive);
    expect(await refused(owner.browser, 'POST', '/v1/api-keys', { name: 'x', scopes: [] })).toEqual(inactive);
    expect(
      await refused(new Client(system.url), 'POST', '/v1/sessions', {
        email: member.email,
        password: member.password,
      }),
    ).toEqual(inactive);
    // The owners see and take with them what there is.
    const browser = await logIn(system, owner);
    await browser.must(200, 'GET', '/v1/me');
    await browser.must(200, 'GET', '/v1/audit/entries');
  });

  it('tells its owners, and nobody else, in plain words with dates', async () => {
    const { text } = await emailTo(system.mailFolder, owner.email, `${name} is inactive`);
    const { endedAt, plan } = await termination(owner.browser, ({ noticedAt }) => noticedAt !== null);
    const long = (time: string | undefined) =>
      new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(time ?? ''));
    expect(text).toContain(`An owner closed the account of ${name} on ${long(endedAt)} (UTC)`);
    for (const time of Object.values(plan)) expect(text).toContain(long(time));
    expect(
      (await emails(system.mailFolder)).filter(
        ({ to, subject }) => to === member.email && subject.includes('inactive'),
      ),
    ).toEqual([]);
  });

  it('has all of it in its log', async () => {
    expect(await entry(owner.browser, 'lifecycle.organization-deactivated')).toMatchObject({
      actor: { type: 'user', id: owner.userId },
      entity: { type: 'organization', id: owner.organizationId },
      details: { cause: 'closed-by-owner' },
    });
    expect(await entry(owner.browser, 'identity.termination-notice-sent')).toMatchObject({
      details: { notice: 'ended' },
    });
  });

  it('comes back by the owner’s word: everything is as it was', async () => {
    expect(await owner.browser.must(200, 'DELETE', route)).toMatchObject({ status: 'active' });
    await eventually(
      'The key',
      async () => (await key.send('GET', '/v1/audit/entries')).status === 200 || undefined,
    );
    await member.browser.must(200, 'GET', '/v1/me');
    await logIn(system, member);
  });
});

describe('an organization whose last subscription ends', () => {
  let owner: Person;
  let subscriptionId: string;

  const subscribe = async (browser: Client) => {
    const card = await saveCard(system, browser);
    return (await browser.must(201, 'POST', '/v1/billing/subscriptions', {
      headers: freshKey(),
      body: { priceId: 'price_team', quantity: 1, paymentMethodId: card },
    })) as { subscriptionId: string };
  };

  const cancel = () =>
    owner.browser.must(200, 'POST', `/v1/billing/subscriptions/${subscriptionId}/cancellation`, {
      body: { at: 'now' },
    });

  it('is not closed while it pays', async () => {
    owner = await signUp(system, 'Difference Engines');
    ({ subscriptionId } = await subscribe(owner.browser));
    await eventually('The subscription', async () => {
      const shown = (await owner.browser.must(200, 'GET', route)) as { hasLiveSubscription?: boolean };
      return shown.hasLiveSubscription === true ? true : undefined;
    });
    const answer = await owner.browser.send('POST', route, {
      body: { organizationName: 'Difference Engines' },
    });
    expect(answer).toMatchObject({ status: 409 });
    expect(answer.json()).toMatchObject({ reason: 'live-subscription' });
  });

  it('is inactive since the moment that Stripe says', async () => {
    await cancel();
    const shown = await termination(owner.browser, ({ status }) => status === 'inactive');
    expect(shown).toMatchObject({ cause: 'subscriptions-ended', undoneBy: 'subscribe' });
    const { endedAt } = (await eventually('The end', async () => {
      const one = (await owner.browser.must(200, 'GET', `/v1/billing/subscriptions/${subscriptionId}`)) as {
        endedAt: string | null;
      };
      return one.endedAt === null ? undefined : one;
    })) as { endedAt: string };
    expect(shown.endedAt).toBe(endedAt);
    expect(await owner.browser.send('DELETE', route)).toMatchObject({ status: 409 });
  });

  it('comes back by a new subscription', async () => {
    ({ subscriptionId } = await subscribe(owner.browser));
    await termination(owner.browser, ({ status }) => status === 'active');
    expect(await entry(owner.browser, 'lifecycle.organization-reactivated')).toMatchObject({
      actor: { type: 'service', id: 'billing' },
    });
  });

  it('ends anew, and its owners are reminded a month and a week before the purge', async () => {
    const reminders = async () =>
      (await emails(system.mailFolder)).filter(
        ({ to, subject }) =>
          to === owner.email && subject.startsWith('The data of Difference Engines will be deleted'),
      ).length;
    await cancel();
    await termination(owner.browser, ({ status, noticedAt }) => status === 'inactive' && noticedAt !== null);
    await moveClock(folder, 89 * DAY_MS);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await reminders()).toBe(0);
    await moveClock(folder, 91 * DAY_MS);
    await eventually('The first reminder', async () => ((await reminders()) === 1 ? true : undefined));
    await moveClock(folder, 114 * DAY_MS);
    await eventually('The second reminder', async () => ((await reminders()) === 2 ? true : undefined));
  });

  it('is one of too few to be in the statistics (P32)', async () => {
    const { items } = await eventually('The months that have passed', async () => {
      const statistics = (await new Client(system.url).must(200, 'GET', '/v1/lifecycle/statistics')) as {
        items: { organizations: Readonly<Record<string, number | null>> }[];
      };
      return statistics.items.length >= 3 ? statistics : undefined;
    });
    const figures = items.flatMap(({ organizations }) => Object.values(organizations));
    expect(new Set(figures)).toEqual(new Set([null]));
  });
});
