/** @promise P31 a legal hold on the running system: every service confirms it, erasures stop, and go on when it is released */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames as services } from '@vouchsafe/contracts';
import type { Client } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { moveClock, movedBy } from './system/moved-clock.ts';
import { join, logIn, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const DAY_MS = 86_400_000;
const route = '/v1/lifecycle/holds';

let folder: string;
let system: SystemUnderTest;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-holds-'));
  await moveClock(folder, 0);
  system = await startForTests(
    { ...movedBy(folder), VOUCHSAFE_KEY_CACHE_MS: '1000' },
    { killsServices: true },
  );
}, 240_000);
afterAll(async () => {
  await system.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

interface Hold {
  readonly holdId: string;
  readonly status: string;
  readonly waitingFor: readonly string[];
}

async function place(browser: Client, scope: object = { of: 'organization' }): Promise<string> {
  const hold = (await browser.must(201, 'POST', route, { body: { scope, reason: 'Litigation' } })) as Hold;
  expect(hold).toMatchObject({ status: 'pending', waitingFor: services, reason: 'Litigation' });
  return hold.holdId;
}

function whenIt(browser: Client, holdId: string, is: string): Promise<Hold> {
  return eventually(`The hold ${is}`, async () => {
    const hold = (await browser.must(200, 'GET', `${route}/${holdId}`)) as Hold;
    return hold.status === is ? hold : undefined;
  });
}

const release = (browser: Client, holdId: string) =>
  browser.must(200, 'DELETE', `${route}/${holdId}`, { body: { reason: 'Settled' } });

describe('a hold on an organization', () => {
  let owner: Person;
  let member: Person;
  let holdId: string;

  beforeAll(async () => {
    owner = await signUp(system, 'Analytical Engines');
    member = await join(system, owner.browser, 'member');
  });

  it('is in force when every service has confirmed it, and stands outside of each database', async () => {
    holdId = await place(owner.browser);
    expect(await whenIt(owner.browser, holdId, 'in-force')).toMatchObject({ waitingFor: [] });
    for (const name of services)
      expect(
        await readFile(path.join(system.folder, 'tombstones', `${name}.jsonl.ledger`), 'utf8'),
      ).toContain(holdId);
    expect(await owner.browser.must(200, 'GET', route)).toMatchObject({
      items: [{ holdId, status: 'in-force' }],
    });
  });

  it('is not seen by others', async () => {
    const stranger = await signUp(system);
    expect(await stranger.browser.send('GET', `${route}/${holdId}`)).toMatchObject({ status: 404 });
    expect(await stranger.browser.must(200, 'GET', route)).toMatchObject({ items: [] });
    expect(
      await stranger.browser.send('DELETE', `${route}/${holdId}`, { body: { reason: 'x' } }),
    ).toMatchObject({ status: 404 });
    const onOurs = { organizationId: owner.organizationId, scope: { of: 'organization' }, reason: 'x' };
    expect(await stranger.browser.send('POST', route, { body: onOurs })).toMatchObject({ status: 403 });
  });

  it('stops the erasure of a member, and says so to those who may know', async () => {
    await owner.browser.must(202, 'POST', `/v1/members/${member.userId}/erasure`);
    const at = `/v1/members/${member.userId}/erasure`;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await owner.browser.must(200, 'GET', at)).toMatchObject({
      ...{ status: 'requested', heldBecause: 'legal-hold', heldBy: [holdId], receipts: [] },
    });
  });

  it('is released everywhere, and the erasure goes on by itself', async () => {
    await release(owner.browser, holdId);
    await whenIt(owner.browser, holdId, 'released');
    await eventually(
      'The erasure',
      async () => {
        const { status } = (await owner.browser.must(200, 'GET', `/v1/members/${member.userId}/erasure`)) as {
          status: string;
        };
        return status === 'erased' ? status : undefined;
      },
      60_000,
    );
    expect(await owner.browser.send('DELETE', `${route}/${holdId}`, { body: { reason: 'x' } })).toMatchObject(
      {
        status: 409,
      },
    );
  }, 90_000);
});

describe('a hold while a service is down', () => {
  it('is pending until that service is back and has confirmed it', async () => {
    const owner = await signUp(system);
    const billing = system.service('billing');
    billing.kill('SIGKILL');
    await billing.exited;
    const holdId = await place(owner.browser, { of: 'subject', subjects: [owner.userId] });
    await eventually('The others', async () => {
      const { waitingFor } = (await owner.browser.must(200, 'GET', `${route}/${holdId}`)) as Hold;
      return waitingFor.length === 1 ? waitingFor : undefined;
    });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await owner.browser.must(200, 'GET', `${route}/${holdId}`)).toMatchObject({
      ...{ status: 'pending', waitingFor: ['billing'] },
    });
    await system.restart('billing');
    await whenIt(owner.browser, holdId, 'in-force');
  }, 90_000);
});

describe('a hold that nobody reviews', () => {
  it('is overdue after 90 days, and stays in force; a review is due again later', async () => {
    const owner = await signUp(system);
    const holdId = await place(owner.browser);
    await whenIt(owner.browser, holdId, 'in-force');
    await moveClock(folder, 91 * DAY_MS);
    const browser = await eventually('The log-in', () => logIn(system, owner).catch(() => undefined));
    const overdue = await eventually('The overdue review', async () => {
      const hold = (await browser.must(200, 'GET', `${route}/${holdId}`)) as { reviewOverdue: boolean };
      return hold.reviewOverdue ? hold : undefined;
    });
    expect(overdue).toMatchObject({ status: 'in-force' });
    expect(
      await browser.must(201, 'POST', `${route}/${holdId}/review`, {
        body: { reason: 'The case is pending' },
      }),
    ).toMatchObject({ status: 'in-force', reviewOverdue: false });
  }, 60_000);
});
