/** @promise P10 requests of data subjects on the running system: from a stranger's first letter to the receipt that anybody can check */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { anonymous, INTERNAL_TOKEN_HEADER, InternalTokens, readPrivateKey } from '@vouchsafe/service-host';
import { unzip } from '@vouchsafe/testing';
import { Client, freshKey } from './system/client.ts';
import { emails, emailTo, tokenIn } from './system/emails.ts';
import { eventually } from './system/eventually.ts';
import { verifyFile } from './system/evidence.ts';
import { moveClock, movedBy } from './system/moved-clock.ts';
import { join, keyScopes, logIn, makeApiKey, newPerson, type Person, signUp } from './system/people.ts';
import { root } from './system/root.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';
import { startSmtp, type Smtp } from './system/smtp.ts';

const route = '/v1/lifecycle/requests';
const DAY_MS = 86_400_000;

interface View {
  readonly dataRequestId: string;
  readonly receiptId: string;
  readonly status: string;
  readonly email: string | null;
  readonly receivedAt: string;
  readonly dueAt: string | null;
  readonly told: readonly string[];
  readonly erasure: { heldBy: string[]; waitingFor: string[] } | null;
}
interface Preview {
  readonly hash: string;
  readonly items: readonly { service: string; store: string; action: string; records: number | null }[];
}

let folder: string;
let smtp: Smtp;
let system: SystemUnderTest;
let owner: Person;
let stranger: Person;
let anybody: Client;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-requests-'));
  smtp = await startSmtp();
  await moveClock(folder, 0);
  system = await startForTests({
    ...{ VOUCHSAFE_KEY_CACHE_MS: '1000', VOUCHSAFE_SMTP_URL: smtp.url },
    ...movedBy(folder),
  });
  smtp.deliverTo(system.mailFolder);
  anybody = new Client(system.url);
  owner = await signUp(system, 'Analytical Engines');
  stranger = await signUp(system);
}, 240_000);
afterAll(async () => {
  await system.stop();
  await smtp.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const read = (browser: Client, id: string) => browser.must(200, 'GET', `${route}/${id}`) as Promise<View>;
const list = async (browser: Client, query: Record<string, string> = {}) =>
  ((await browser.must(200, 'GET', route, { query: { limit: '100', ...query } })) as { items: View[] }).items;
const step = (id: string, name: string, body: object = {}, browser = owner.browser) =>
  browser.must(200, 'POST', `${route}/${id}/${name}`, { body }) as Promise<View>;
const preview = (id: string) => owner.browser.must(200, 'GET', `${route}/${id}/preview`) as Promise<Preview>;

function whenIt(browser: Client, id: string, isSo: (view: View) => boolean, what: string): Promise<View> {
  return eventually(what, async () => {
    const view = await read(browser, id);
    return isSo(view) ? view : undefined;
  });
}
const whenTold = (id: string, notice: string) =>
  whenIt(owner.browser, id, ({ told }) => told.includes(notice), `The notice ${notice}`);

/** Sends a request without an account, opens the link, and waits until the organization sees it. */
async function fromOutside(body: object, to: string): Promise<View> {
  const before = new Set((await list(owner.browser)).map(({ dataRequestId }) => dataRequestId));
  expect(await anybody.must(202, 'POST', route, { body: { ...body, email: to } })).toEqual({});
  const token = tokenIn(await emailTo(system.mailFolder, to, 'Confirm your request'));
  expect(await list(owner.browser)).toHaveLength(before.size);
  await anybody.must(204, 'POST', `${route}/confirmation`, { body: { token } });
  const seen = (await list(owner.browser)).find(({ dataRequestId }) => !before.has(dataRequestId));
  if (!seen) throw new Error('The confirmed request is not seen');
  return read(owner.browser, seen.dataRequestId);
}

describe('an erasure that somebody asks for without an account', () => {
  let ada: Person;
  let asked: View;
  let approved: Preview;
  let holdId: string;

  beforeAll(async () => {
    ada = await join(system, owner.browser, 'member');
  });

  it('is answered alike whether the address, or the organization, is known or not', async () => {
    const ask = (body: object) =>
      anybody.send('POST', route, { body: { kind: 'access', ...body }, headers: freshKey() });
    const answers = await Promise.all([
      ask({ email: owner.email, organizationId: owner.organizationId }),
      ask({ email: newPerson().email, organizationId: owner.organizationId }),
      ask({ email: newPerson().email, organizationId: randomUUID() }),
      ask({ email: newPerson().email }),
    ]);
    const same = answers.map(({ status, text, headers }) => [status, text, Object.keys(headers).sort()]);
    expect(same).toEqual(Array.from(same, () => [202, '{}', same[0]?.[2]]));
    expect(await list(owner.browser)).toEqual([]);
  });

  it('needs an address; what a session can say alone needs a session, and a key is no person', async () => {
    const refused = async (client: Client, body: object) =>
      ((await client.send('POST', route, { body })).json() as { code: string }).code;
    expect(await refused(anybody, { kind: 'access' })).toBe('unauthenticated');
    const [email, { client: key }] = ['a@example.com', await makeApiKey(system, owner.browser, keyScopes)];
    expect(await refused(anybody, { kind: 'access', email, userId: ada.userId })).toBe('unauthenticated');
    expect(await refused(key, { kind: 'access' })).toBe('forbidden');
    // Nobody fills the mailbox of another with what a session sends.
    expect(await refused(ada.browser, { kind: 'access', email })).toBe('forbidden');
  });

  it('is seen once the link is opened, by the organization alone, and the link works once', async () => {
    const body = { kind: 'erasure', organizationId: owner.organizationId, text: 'Please forget me' };
    asked = await fromOutside(body, ada.email);
    expect(asked).toMatchObject({
      ...{ status: 'received', kind: 'erasure', channel: 'outside', userId: null, email: ada.email },
      ...{ text: 'Please forget me', overdue: false },
    });
    expect((await stranger.browser.send('GET', `${route}/${asked.dataRequestId}`)).status).toBe(404);
    expect((await ada.browser.send('GET', `${route}/${asked.dataRequestId}`)).status).toBe(404);
    expect(await list(stranger.browser)).toEqual([]);
    const { text } = await emailTo(system.mailFolder, ada.email, 'We received your request');
    expect(text).toContain('Analytical Engines received a request');
    expect(text).toContain(`/v1/lifecycle/receipts/${asked.receiptId}`);
    for (const token of [randomUUID(), 'A'.repeat(64)])
      expect((await anybody.send('POST', `${route}/confirmation`, { body: { token } })).status).toBe(410);
  });

  it('is previewed, store by store, when it is known whom it is about', async () => {
    const id = asked.dataRequestId;
    expect((await owner.browser.send('GET', `${route}/${id}/preview`)).status).toBe(409);
    await step(id, 'acceptance', { userId: ada.userId });
    approved = await preview(id);
    expect(new Set(approved.items.map(({ service }) => service))).toEqual(new Set(serviceNames));
    const inIdentity = approved.items.filter(({ service }) => service === 'identity');
    expect(inIdentity).toContainEqual(
      expect.objectContaining({ store: 'people', action: 'delete', records: expect.any(Number) }),
    );
    expect(inIdentity).toContainEqual(expect.objectContaining({ store: 'consents', action: 'pseudonymize' }));
    expect(await read(owner.browser, id)).toMatchObject({ status: 'scoped', userId: ada.userId });
  });

  it('is not carried out where there is more than was approved', async () => {
    const approve = (hash: string) =>
      owner.browser.send('POST', `${route}/${asked.dataRequestId}/approval`, { body: { hash } });
    expect((await approve('0'.repeat(64))).json()).toMatchObject({ reason: 'other-preview' });
    const { status } = await ada.browser.send('POST', '/v1/attachments', {
      ...{ query: { name: 'new.txt' }, body: 'new', headers: { 'content-type': 'text/plain' } },
    });
    expect(status).toBe(201);
    expect((await approve(approved.hash)).json()).toMatchObject({
      code: 'conflict',
      reason: 'preview-changed',
    });
    expect((await ada.browser.send('GET', '/v1/me')).status).toBe(200);
  });

  it('waits for a legal hold, and says which', async () => {
    const scope = { of: 'subject', subjects: [ada.userId] };
    ({ holdId } = (await owner.browser.must(201, 'POST', '/v1/lifecycle/holds', {
      body: { scope, reason: 'Litigation' },
    })) as { holdId: string });
    await eventually('The hold', async () => {
      const hold = await owner.browser.must(200, 'GET', `/v1/lifecycle/holds/${holdId}`);
      return (hold as { status: string }).status === 'in-force' ? true : undefined;
    });
    await eventually('The approval', async () => {
      const { hash } = await preview(asked.dataRequestId);
      const answer = await owner.browser.send('POST', `${route}/${asked.dataRequestId}/approval`, {
        body: { hash },
      });
      return answer.status === 200 ? true : undefined;
    });
    await eventually('The end of access', async () =>
      (await ada.browser.send('GET', '/v1/attachments')).status === 401 ? true : undefined,
    );
    const view = await read(owner.browser, asked.dataRequestId);
    expect(view).toMatchObject({ status: 'executing', erasure: { heldBy: [holdId], receipts: [] } });
    expect(view.erasure?.waitingFor.toSorted()).toEqual(serviceNames.toSorted());
  });

  it('is fulfilled when the hold is released and every service has erased', async () => {
    await owner.browser.must(200, 'DELETE', `/v1/lifecycle/holds/${holdId}`, { body: { reason: 'Settled' } });
    const done = await eventually(
      'The erasure',
      async () => {
        const view = await read(owner.browser, asked.dataRequestId);
        return view.status.startsWith('fulfilled') ? view : undefined;
      },
      60_000,
    );
    expect(done).toMatchObject({ erasure: { waitingFor: [], heldBy: [] }, dueAt: null });
    const { text } = await emailTo(system.mailFolder, ada.email, 'Your request was carried out');
    expect(text).toContain(`/v1/lifecycle/receipts/${asked.receiptId}`);
    const { items } = (await owner.browser.must(200, 'GET', '/v1/members')) as { items: { email: string }[] };
    expect(items.map(({ email }) => email)).toEqual([owner.email]);
  }, 90_000);

  it('leaves a receipt that anybody with its address can check offline', async () => {
    const shown = (await anybody.must(200, 'GET', `/v1/lifecycle/receipts/${asked.receiptId}`)) as {
      receipt: string;
    };
    const published = await anybody.must(200, 'GET', '/v1/lifecycle/certificate-keys');
    const keys = (published as { keys: { vkey: string }[] }).keys.map(({ vkey }) => vkey).join('\n');
    const verdict = await verify(shown.receipt, keys);
    expect(verdict).toMatch(/^0: .*HOLDS/s);
    expect(verdict).toContain(`person "${ada.userId}" in organization "${owner.organizationId}"`);
    expect(verdict).toContain(`${serviceNames.length} services destroyed`);
    expect(await verify(shown.receipt.replace(ada.userId, owner.userId), keys)).toMatch(/^1: /);
    expect((await anybody.send('GET', `/v1/lifecycle/receipts/${randomUUID()}`)).status).toBe(404);
  });

  it('is closed once recipients are told, and the address of whoever asked is destroyed', async () => {
    const id = asked.dataRequestId;
    const early = await owner.browser.send('POST', `${route}/${id}/closure`, { body: {} });
    expect(early.json()).toMatchObject({ reason: 'recipients-not-notified' });
    const notifiedAt = new Date().toISOString();
    await step(id, 'recipients', { recipients: [{ name: 'Mail house', notifiedAt }] });
    const confirmed = { name: 'Mail house', notifiedAt, confirmedAt: notifiedAt };
    expect(await step(id, 'recipients', { recipients: [confirmed] })).toMatchObject({
      ...{ status: 'recipients-notified', fulfilment: { recipients: [confirmed] } },
    });
    await whenTold(id, 'fulfilled');
    expect(await step(id, 'closure')).toMatchObject({ status: 'closed' });
    await whenIt(owner.browser, id, ({ email }) => email === null, 'The end of the address');
    const events = await system.rows<{ text: string }>(
      'lifecycle',
      `select payload::text as text from event where payload::text like '%' || $1 || '%'`,
      [ada.email],
    );
    expect(events).toEqual([]);
  });
});

describe('a request of a member', () => {
  let grace: Person;
  beforeAll(async () => {
    grace = await join(system, owner.browser, 'member');
  });

  it('is due a month after it was received, and is extended once, to three months', async () => {
    const receivedAt = new Date(Date.now() - DAY_MS).toISOString();
    const made = (await owner.browser.must(201, 'POST', route, {
      body: { kind: 'access', userId: grace.userId, receivedAt },
    })) as View;
    expect(made.dueAt).toBe(monthsAfter(receivedAt, 1));
    expect(await step(made.dataRequestId, 'extension', { reasons: 'There is much of it' })).toMatchObject({
      dueAt: monthsAfter(receivedAt, 3),
    });
    const { text } = await emailTo(system.mailFolder, grace.email, 'Your request takes longer');
    expect(text).toContain('There is much of it');
    const again = await owner.browser.send('POST', `${route}/${made.dataRequestId}/extension`, {
      body: { reasons: 'Still' },
    });
    expect(again.json()).toMatchObject({ code: 'conflict', reason: 'already-extended' });
    expect(await step(made.dataRequestId, 'identity-request')).toMatchObject({
      ...{ status: 'identity-pending', dueAt: null },
    });
    expect(await step(made.dataRequestId, 'identity-confirmation')).toMatchObject({ status: 'received' });
    const past = await list(owner.browser, { overdue: 'true' });
    expect(past).toEqual([]);
    const late = (await owner.browser.must(201, 'POST', route, {
      body: {
        kind: 'access',
        userId: grace.userId,
        receivedAt: new Date(Date.now() - 40 * DAY_MS).toISOString(),
      },
    })) as View;
    expect(await list(owner.browser, { overdue: 'true' })).toMatchObject([
      { dataRequestId: late.dataRequestId, overdue: true },
    ]);
  });

  it('is refused with reasons and the ways to complain, and nobody else’s is shown', async () => {
    const made = (await grace.browser.must(201, 'POST', route, { body: { kind: 'objection' } })) as View;
    expect((await list(grace.browser)).map(({ dataRequestId }) => dataRequestId)).toContain(
      made.dataRequestId,
    );
    const hopper = await join(system, owner.browser, 'member');
    expect(await list(hopper.browser)).toEqual([]);
    expect((await hopper.browser.send('GET', `${route}/${made.dataRequestId}`)).status).toBe(404);
    const mayNot = await grace.browser.send('POST', `${route}/${made.dataRequestId}/acceptance`, {
      body: {},
    });
    expect(mayNot.status).toBe(403);
    const reasons = 'We need it for the case in court.';
    await step(made.dataRequestId, 'refusal', { ground: 'legal-claims', reasons });
    const { text } = await emailTo(system.mailFolder, grace.email, 'Your request was refused');
    expect(text).toContain(reasons);
    expect(text).toMatch(/complaint with a data protection authority[\s\S]*go to court/);
    await whenTold(made.dataRequestId, 'refused');
    expect(await step(made.dataRequestId, 'closure')).toMatchObject({ status: 'closed' });
  });

  it('for a restriction ends only after it was announced', async () => {
    const made = (await owner.browser.must(201, 'POST', route, {
      body: { kind: 'restriction', userId: grace.userId },
    })) as View;
    const id = made.dataRequestId;
    await step(id, 'acceptance');
    await step(id, 'fulfilment', { statement: 'Blocked in the shop' });
    await step(id, 'recipients', { recipients: [] });
    const early = await owner.browser.send('POST', `${route}/${id}/closure`, { body: {} });
    expect(early.json()).toMatchObject({ reason: 'lifting-not-announced' });
    await step(id, 'lifting', { reasons: 'The data was found to be correct' });
    const { text } = await emailTo(system.mailFolder, grace.email, 'The restriction of your data will end');
    expect(text).toContain('The data was found to be correct');
    await whenTold(id, 'restriction-ends');
    expect(await step(id, 'closure')).toMatchObject({ status: 'closed' });
  });
});

describe('a request for access', () => {
  const [herAgent, hisAgent, his] = ['Lovelace-Agent/1', 'Babbage-Agent/7', 'difference-engine-of-babbage'];
  let lovelace: Person;
  let babbage: Person;
  let id: string;
  let archive: { returnId: string; parts: { part: number }[] };
  let unpacked: string;

  beforeAll(async () => {
    lovelace = await join(system, owner.browser, 'member');
    babbage = await join(system, owner.browser, 'admin');
    const attach = (browser: Client, name: string) =>
      browser.send('POST', '/v1/attachments', {
        ...{ query: { name }, body: 'content', headers: { 'content-type': 'text/plain', ...freshKey() } },
      });
    await attach(lovelace.browser, 'note-g.txt');
    await attach(babbage.browser, `${his}.txt`);
    await lovelace.browser.must(200, 'GET', '/v1/me', { headers: { 'user-agent': herAgent } });
    const member = `/v1/members/${lovelace.userId}`;
    await babbage.browser.must(200, 'GET', member, { headers: { 'user-agent': hisAgent } });
    await owner.browser.must(204, 'PATCH', member, { body: { role: 'auditor' } });
    // That ended her sessions.
    lovelace = { ...lovelace, browser: await logIn(system, lovelace) };
    const { client: backEnd } = await makeApiKey(system, owner.browser, ['audit:write']);
    const entry = (userId: string, text: string, about: string) => ({
      ...{ id: randomUUID(), occurredAt: new Date().toISOString(), operation: 'engine.start' },
      ...{ outcome: 'success', actor: { type: 'user', id: userId }, entity: { type: 'user', id: about } },
      details: { text },
    });
    await backEnd.must(201, 'POST', '/v1/audit/entries', {
      body: {
        entries: [
          entry(babbage.userId, his, lovelace.userId),
          entry(lovelace.userId, 'bernoulli-numbers', lovelace.userId),
        ],
      },
    });
  });

  it('is answered by an archive once it was accepted, which whoever decides has made', async () => {
    const body = { kind: 'access', text: 'Everything since note G, please' };
    ({ dataRequestId: id } = (await lovelace.browser.must(201, 'POST', route, { body })) as View);
    const make = (browser: Client) => browser.send('POST', `${route}/${id}/archive`, { body: {} });
    expect((await make(lovelace.browser)).status).toBe(403);
    expect((await make(owner.browser)).json()).toMatchObject({ reason: 'wrong-state' });
    expect((await lovelace.browser.send('GET', `${route}/${id}/archive`)).status).toBe(404);
    await step(id, 'acceptance');
    expect(await step(id, 'archive')).toMatchObject({ status: 'executing' });
    expect((await make(owner.browser)).json()).toMatchObject({ reason: 'wrong-state' });
    const refusal = { ground: 'excessive', reasons: 'No' };
    const refused = await owner.browser.send('POST', `${route}/${id}/refusal`, { body: refusal });
    expect(refused.json()).toMatchObject({ reason: 'wrong-state' });
    await whenIt(lovelace.browser, id, ({ status }) => status === 'fulfilled', 'The archive');
    const { text } = await emailTo(system.mailFolder, lovelace.email, 'Your request was carried out');
    expect(text).toContain('Your data is in an archive, which is deleted on');
    archive = (await lovelace.browser.must(200, 'GET', `${route}/${id}/archive`)) as typeof archive;
    expect(archive).toMatchObject({ status: 'ready', parts: [{ part: 1 }] });
  });

  it('gives the archive to the person and to those who decide, and to nobody else', async () => {
    const hopper = await join(system, owner.browser, 'member');
    for (const at of [`${route}/${id}/archive`, `${route}/${id}/archive/parts/1`]) {
      for (const browser of [hopper.browser, stranger.browser])
        expect((await browser.send('GET', at)).status).toBe(404);
      expect((await anybody.send('GET', at)).status).toBe(401);
      expect((await owner.browser.send('GET', at)).status).toBe(200);
    }
    // It is no archive of the organization's.
    const returns = '/v1/lifecycle/returns';
    const { items } = (await owner.browser.must(200, 'GET', returns)) as { items: object[] };
    expect(items).toEqual([]);
    for (const at of [`${returns}/${archive.returnId}`, `${returns}/${archive.returnId}/parts/1`])
      expect((await owner.browser.send('GET', at)).status).toBe(404);
    expect((await owner.browser.send('DELETE', `${returns}/${archive.returnId}`)).status).toBe(404);
  });

  it('has everything of the person in it, signed, and no value of anybody else', async () => {
    const part = await lovelace.browser.send('GET', `${route}/${id}/archive/parts/1`);
    unpacked = await mkdtemp(path.join(folder, 'archive-'));
    await unzip(part.bytes, unpacked);
    const files = await readdir(unpacked);
    const texts = await Promise.all(files.map((file) => readFile(path.join(unpacked, file), 'utf8')));
    const [all, table] = [texts.join('\n'), (name: string) => texts[files.indexOf(`${name}.csv`)] ?? ''];
    expect(table('account')).toContain(`${lovelace.email},${lovelace.name},`);
    expect(table('sessions')).toContain('vouchsafe-tests/1');
    expect(table('consents')).toContain('privacy-policy');
    expect(table('invitations')).toContain(lovelace.email);
    expect(table('attachments')).toContain('note-g.txt');
    expect(table('data-requests')).toContain('Everything since note G, please');
    const entries = table('audit-entries');
    for (const hers of [herAgent, 'bernoulli-numbers', 'identity.member-role-changed', lovelace.userId])
      expect(entries).toContain(hers);
    // What he did to her is there, without what is his.
    expect(entries.match(/,engine\.start,/g)).toHaveLength(2);
    const ofOthers = [babbage, owner].flatMap(({ email, name, userId }) => [email, name, userId]);
    for (const value of [...ofOthers, hisAgent, his]) expect(all).not.toContain(value);
    const published = await anybody.must(200, 'GET', '/v1/lifecycle/certificate-keys');
    const keys = (published as { keys: { vkey: string }[] }).keys.map(({ vkey }) => vkey).join('\n');
    const verdict = await verifyFile(folder, path.join(unpacked, 'manifest.note'), keys);
    expect(verdict).toMatch(/^0: .*HOLDS/s);
    expect(verdict).toContain(`It has the data of one person: "${lovelace.userId}".`);
    await writeFile(path.join(unpacked, 'account.csv'), 'changed');
    expect(await verifyFile(folder, path.join(unpacked, 'manifest.note'), keys)).toMatch(/^1: /);
  });

  it('has no archive any more when it was deleted; the request is answered all the same', async () => {
    await owner.browser.must(204, 'DELETE', `${route}/${id}/archive`);
    expect((await lovelace.browser.send('GET', `${route}/${id}/archive/parts/1`)).status).toBe(410);
    expect(await read(lovelace.browser, id)).toMatchObject({ status: 'fulfilled' });
    await whenTold(id, 'fulfilled');
    expect(await step(id, 'closure')).toMatchObject({ status: 'closed' });
  });
});

describe('the record of processing activities (Article 30 GDPR)', () => {
  const record = '/v1/lifecycle/processing-record';

  it('is the processor’s for an organization, and the controller’s for the operator', async () => {
    const { organizationId } = owner;
    expect(await owner.browser.must(200, 'GET', record)).toMatchObject({
      article: '30(2)',
      onBehalfOf: { organizationId, name: 'Analytical Engines' },
    });
    const asOperator = await operator();
    expect(await asOperator('GET', 'processing-record.read', record)).toMatchObject({
      article: '30(1)',
      onBehalfOf: null,
      missing: expect.arrayContaining([expect.stringContaining('30(1)(a)')]),
    });
  });

  it('comes as CSV, too', async () => {
    const answer = await owner.browser.send('GET', `${record}.csv`);
    expect(answer.headers['content-type']).toMatch(/^text\/csv/);
    expect(answer.text).toContain('onBehalfOf,,name,Analytical Engines\r\n');
  });

  it('rests on policies that each have an address (P03)', async () => {
    const policies = '/v1/lifecycle/retention-policies';
    const { items } = (await owner.browser.must(200, 'GET', policies)) as { items: { policyId: string }[] };
    expect(items).toContainEqual(expect.objectContaining({ policyId: 'audit-log', period: 'P12M' }));
    const [first] = items;
    expect(await owner.browser.must(200, 'GET', `${policies}/${first?.policyId ?? ''}`)).toEqual(first);
    expect((await owner.browser.send('GET', `${policies}/none`)).status).toBe(404);
  });

  it('count what they would remove, before anything goes (P04)', async () => {
    const preview = (id: string, body: object) =>
      owner.browser.send('POST', `/v1/lifecycle/retention-policies/${id}/preview`, { body });
    const stores = async (id: string, body: object) =>
      (await preview(id, body)).json() as { stores: object[] };
    const entries = { service: 'audit', store: 'entries', isHeld: false };
    expect(await stores('audit-log', {})).toMatchObject({
      period: 'P12M',
      stores: [{ ...entries, records: 0 }],
    });
    const at = new Date(Date.now() + 200 * 86_400_000).toISOString();
    expect(await stores('audit-log', { at, months: 6 })).toEqual({
      ...{ policyId: 'audit-log', at, period: 'P6M' },
      stores: [{ ...entries, records: expect.any(Number) }],
    });
    const [found] = (await stores('audit-log', { at, months: 6 })).stores as [{ records: number }];
    expect(found.records).toBeGreaterThan(0);
    expect(await stores('return-archives', { at })).toMatchObject({
      stores: [{ service: 'lifecycle', store: 'returns', records: 0 }],
    });
    // A policy can only be tightened; and what nobody counts is not shown as zero.
    expect((await preview('audit-log', { months: 24 })).status).toBe(422);
    expect((await preview('return-archives', { months: 1 })).status).toBe(422);
    expect((await preview('ended-sessions', {})).status).toBe(422);
    expect((await preview('none', {})).status).toBe(404);
  });
});

describe('a request that reaches the wrong one', () => {
  it('is handed over by the operator, and its time goes on', async () => {
    const { email } = newPerson();
    await anybody.must(202, 'POST', route, { body: { kind: 'access', email } });
    const token = tokenIn(await emailTo(system.mailFolder, email, 'Confirm your request'));
    await anybody.must(204, 'POST', `${route}/confirmation`, { body: { token } });
    const asOperator = await operator();
    const { items } = (await asOperator('GET', 'data-request.list', route)) as { items: View[] };
    expect(items).toHaveLength(1);
    const [{ dataRequestId, receivedAt }] = items as [View];
    expect((await owner.browser.send('GET', `${route}/${dataRequestId}`)).status).toBe(404);
    const { organizationId } = owner;
    expect(
      await asOperator('POST', 'data-request.transfer', `${route}/${dataRequestId}/transfer`, {
        organizationId,
      }),
    ).toMatchObject({ status: 'closed', transferredTo: organizationId });
    const [ours] = await list(owner.browser, { status: 'received', kind: 'access' });
    expect(ours).toMatchObject({ receivedAt });
    expect(await read(owner.browser, ours?.dataRequestId ?? '')).toMatchObject({ email, channel: 'outside' });
    await eventually('The email of the organization', async () =>
      (await emails(system.mailFolder)).find(
        ({ to, text }) => to === email && text.includes('Analytical Engines received a request'),
      ),
    );
    const back = await step(ours?.dataRequestId ?? '', 'transfer');
    expect(back).toMatchObject({ status: 'closed' });
  });
});

describe('requests without an account', () => {
  it('send five emails an hour to an address at most, and an Idempotency-Key sends one', async () => {
    const once = { body: { kind: 'access', email: newPerson().email }, headers: freshKey() };
    await anybody.must(202, 'POST', route, once);
    await anybody.must(202, 'POST', route, once);
    const other = await anybody.send('POST', route, { ...once, body: { ...once.body, kind: 'portability' } });
    expect(other.json()).toMatchObject({ code: 'idempotency-key-reused' });
    const { email } = newPerson();
    for (let nth = 0; nth < 7; nth += 1)
      await anybody.must(202, 'POST', route, { body: { kind: 'access', email } });
    const sent = async (to: string) =>
      (await emails(system.mailFolder)).filter((one) => one.to === to).length;
    await eventually('The emails', async () => ((await sent(email)) >= 5 ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect([await sent(email), await sent(once.body.email)]).toEqual([5, 1]);
  });
});

describe('what time brings', () => {
  it('removes what nobody confirmed after 48 hours, and what was closed after twelve months', async () => {
    const kept = () =>
      system.rows<{ status: string; overdue: boolean }>(
        'lifecycle',
        'select distinct status, due_at is not null as overdue from data_request order by 1',
      );
    expect((await kept()).map(({ status }) => status)).toEqual(
      expect.arrayContaining(['closed', 'received', 'unconfirmed']),
    );
    await moveClock(folder, 400 * DAY_MS);
    await eventually(
      'The end of old requests',
      async () => {
        const statuses = (await kept()).map(({ status }) => status);
        return statuses.some((status) => status !== 'received') ? undefined : true;
      },
      60_000,
    );
    expect(await kept()).toEqual([{ status: 'received', overdue: true }]);
    expect(await system.rows('lifecycle', 'select from data_return')).toEqual([]);
  }, 90_000);
});

function monthsAfter(time: string, months: number): string {
  const from = new Date(time);
  const last = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0));
  const to = new Date(from);
  to.setUTCFullYear(
    last.getUTCFullYear(),
    last.getUTCMonth(),
    Math.min(from.getUTCDate(), last.getUTCDate()),
  );
  return to.toISOString();
}

/** As its reader would: the program, and nothing else. @returns `<exit code>: <what it said>` */
async function verify(receipt: string, keys: string): Promise<string> {
  const name = path.join(folder, randomUUID());
  await writeFile(`${name}.note`, receipt);
  await writeFile(`${name}.vkeys`, `${keys}\n`);
  const args = [
    ...[path.join(root, 'libs/verify/dist/vouchsafe-verify.mjs'), `${name}.note`],
    ...['--vkey', `${name}.vkeys`],
  ];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0;
      resolve(`${code}: ${stdout}${stderr}`);
    });
  });
}

/** The operator's people are played by a token as the gateway signs it for them: their log-in is another suite's. */
async function operator() {
  const { secrets } = system;
  const key = await readPrivateKey(secrets.privateKeyFile('gateway'));
  const tokens = new InternalTokens('gateway', key, () => new Date());
  const userId = randomUUID();
  return async (method: string, operation: string, at: string, body?: object): Promise<unknown> => {
    const token = await tokens.sign('lifecycle', {
      ...anonymous,
      ...{ organizationId: secrets.operatorOrganizationId, actor: { type: 'user', id: userId }, operation },
      ...{ roles: ['owner'], permissions: ['requests:read', 'requests:write', 'records:read'] },
      ...{ authenticationLevel: 'two-factor', authenticatedAt: new Date().toISOString() },
      ...{ sessionId: randomUUID(), requestId: randomUUID(), sourceIp: null, userAgent: null },
    });
    const answer = await fetch(system.service('lifecycle').url + at, {
      method,
      headers: { [INTERNAL_TOKEN_HEADER]: token, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
}
