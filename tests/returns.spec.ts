/** @promise P30 the data of an organization comes back whole: every row as the API shows it, every file byte for byte */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { python, pythonEnvironment, unzip, withoutPython } from '@vouchsafe/testing';
import { request } from 'undici';
import { everyItem, manifestIn, type Manifest } from './system/archive.ts';
import { Client, freshKey } from './system/client.ts';
import { emailTo } from './system/emails.ts';
import { eventually } from './system/eventually.ts';
import { verifyFile } from './system/evidence.ts';
import { moveClock as moveClockOf, movedBy } from './system/moved-clock.ts';
import { join, keyScopes, logIn, makeApiKey, type Person, signUp } from './system/people.ts';
import { root } from './system/root.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';
import { saveCard } from './system/stripe.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MIB = 2 ** 20;
const route = '/v1/lifecycle/returns';
const name = 'Engines, Ltd';

let folder: string;
let system: SystemUnderTest;
let owner: Person;
let member: Person;
let stranger: Person;
let subscriptionId: string;
let files: { readonly name: string; readonly bytes: Buffer }[];
let publishedKeys: string[];
let moved = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-returns-'));
  await moveClock(0);
  system = await startForTests(movedBy(folder), {
    killsServices: true,
    stripeClock: () => Date.now() + moved,
  });
  stranger = await signUp(system);
  owner = await signUp(system, name);
  member = await join(system, owner.browser, 'member');
  await recordEntries();
  files = [
    { name: '=1+1 "Über uns".pdf', bytes: randomBytes(20_000) },
    { name: '...hidden', bytes: Buffer.alloc(0) },
    // Larger than a part: it has one of its own.
    { name: 'שלום.bin', bytes: randomBytes(24 * MIB) },
  ];
  for (const { name: file, bytes } of files) await attach(owner.browser, file, bytes);
  const card = await saveCard(system, owner.browser);
  ({ subscriptionId } = (await owner.browser.must(201, 'POST', '/v1/billing/subscriptions', {
    body: { priceId: 'price_team', quantity: 3, paymentMethodId: card },
    headers: freshKey(),
  })) as { subscriptionId: string });
  await eventually('The invoice', async () => {
    const invoices = await everyItem(owner.browser, '/v1/billing/invoices');
    return invoices.some((one) => 'status' in one && one.status === 'paid') || undefined;
  });
}, 300_000);
afterAll(async () => {
  await system.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

function moveClock(by: number): Promise<void> {
  moved += by;
  return moveClockOf(folder, moved);
}

/** Texts that a spreadsheet would take for formulas, and others that a careless writer of CSV spoils. */
async function recordEntries(): Promise<void> {
  const { client } = await makeApiKey(system, owner.browser, ['audit:write']);
  const texts = ['=cmd|calc', '+1', '-1', '@SUM(A1)', "'quoted", '', '#comment', ' a,b;"c"\r\nd', '👩‍👩‍👧 שלום'];
  await client.must(201, 'POST', '/v1/audit/entries', {
    body: {
      entries: texts.map((text, nth) => ({
        ...{ id: `${text}#${nth}`, occurredAt: new Date().toISOString(), operation: 'order.create' },
        ...{ outcome: 'success', actor: { type: 'user', id: owner.userId } },
        ...{
          entity: { type: 'order', id: text || 'none' },
          sourceIp: '203.0.113.7',
          userAgent: text || 'none',
        },
        details: { text, nested: [{ text: null }] },
      })),
    },
  });
}

async function attach(browser: Client, file: string, bytes: Buffer): Promise<void> {
  const stored = await browser.send('POST', '/v1/attachments', {
    query: { name: file },
    headers: { 'content-type': 'application/pdf', ...freshKey() },
    body: bytes,
  });
  expect([stored.status, stored.text]).toEqual([201, expect.any(String)]);
}

interface Return {
  readonly returnId: string;
  readonly status: string;
  readonly expiresAt: string | null;
  readonly parts: readonly { readonly part: number; readonly size: number; readonly sha256: string }[];
}

const ask = async (browser: Client, body: object = {}) =>
  (await browser.must(201, 'POST', route, { body, headers: freshKey() })) as Return;

const read = async (browser: Client, returnId: string) =>
  (await browser.must(200, 'GET', `${route}/${returnId}`)) as Return;

function reached(browser: Client, returnId: string, status: string): Promise<Return> {
  return eventually(`The return ${status}`, async () => {
    const answer = await browser.send('GET', `${route}/${returnId}`);
    // The service was killed, or has not seen yet that the clock has moved.
    if (answer.status !== 200) return undefined;
    const shown = answer.json() as Return;
    return shown.status === status ? shown : undefined;
  });
}

const partsInDatabase = (returnId: string) =>
  system.rows<{ part_id: string; number: number; status: string }>(
    'lifecycle',
    'select part_id, number, status from return_part where return_id = $1 order by number',
    [returnId],
  );

const bodies = () => readdir(path.join(system.folder, 'files/attachments', owner.organizationId));

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const download = (client: Client, returnId: string, part: number) =>
  client.send('GET', `${route}/${returnId}/parts/${part}`);

/** As a download that breaks off and goes on where it stopped. */
async function downloadInPieces({ cookie, url }: Client, returnId: string, part: number): Promise<Buffer> {
  const at = `${url}${route}/${returnId}/parts/${part}`;
  const headers = { cookie: cookie ?? '', 'sec-fetch-site': 'same-origin' };
  const first = await request(at, { headers });
  let had = Buffer.alloc(0);
  for await (const bytes of first.body) {
    // Half of what came is lost; leaving the loop closes the connection.
    had = Buffer.from(bytes as Buffer).subarray(0, (bytes as Buffer).length / 2);
    break;
  }
  const rest = await request(at, { headers: { ...headers, range: `bytes=${had.length}-` } });
  expect(rest.statusCode).toBe(206);
  expect(rest.headers['content-range']).toMatch(new RegExp(`^bytes ${had.length}-\\d+/\\d+$`));
  return Buffer.concat([had, Buffer.from(await rest.body.arrayBuffer())]);
}

describe('the return of an organization’s data', () => {
  let asked: Return;
  let ready: Return;
  let target: string;
  const manifests: Manifest[] = [];

  it('is for its owners, who prove first that it is them', async () => {
    const { client: key } = await makeApiKey(system, owner.browser, keyScopes);
    for (const client of [member.browser, key]) {
      expect(await client.send('POST', route, { body: {}, headers: freshKey() })).toMatchObject({
        status: 403,
      });
      expect(await client.send('GET', route)).toMatchObject({ status: 403 });
    }
    expect(await new Client(system.url).send('GET', route)).toMatchObject({ status: 401 });
    await moveClock(11 * MINUTE_MS);
    await eventually('The wish for a new proof', async () => {
      // Refused in any case: until the service has seen that the clock has moved, as no time at all.
      const body = { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' };
      const answer = await owner.browser.send('POST', route, { body, headers: freshKey() });
      return (answer.json() as { code: string }).code === 'step-up-required' || undefined;
    });
    const browser = await logIn(system, owner);
    owner = { ...owner, browser };
    asked = await ask(browser, { partSize: MIB });
    expect(asked).toMatchObject({ status: 'requested', parts: [], expiresAt: null });
    expect(await browser.send('POST', route, { body: {}, headers: freshKey() })).toMatchObject({
      status: 409,
    });
  }, 60_000);

  it('goes on where the service was killed while it wrote', async () => {
    const { returnId } = asked;
    await eventually('The part of the large file', async () => {
      const rows = await partsInDatabase(returnId);
      return rows.some((row) => row.number > 1 && row.status === 'writing') || undefined;
    });
    const lifecycle = system.service('lifecycle');
    lifecycle.kill('SIGKILL');
    await lifecycle.exited;
    const [first, ...others] = await partsInDatabase(returnId);
    expect(first).toMatchObject({ number: 1, status: 'kept' });
    await system.restart('lifecycle');
    expect(await read(owner.browser, returnId)).toMatchObject({ status: 'assembling', parts: [] });
    expect(await download(owner.browser, returnId, 1)).toMatchObject({ status: 404 });
    // Whoever was killed had it for a minute.
    await moveClock(2 * MINUTE_MS);
    ready = await reached(owner.browser, returnId, 'ready');
    const kept = await partsInDatabase(returnId);
    expect(kept[0]).toEqual(first);
    expect(kept.map(({ status }) => status)).toEqual(kept.map(() => 'kept'));
    // The half of a part is not there any more.
    const left = others.filter(({ status }) => status === 'writing').map((row) => row.part_id);
    expect((await bodies()).filter((file) => left.some((id) => file.startsWith(id)))).toEqual([]);
    const { text } = await emailTo(system.mailFolder, owner.email, `The data of ${name} is ready`);
    expect(text).toContain(returnId);
  }, 90_000);

  it('is nobody else’s to see, download or delete', async () => {
    const { returnId } = asked;
    const at = `${route}/${returnId}`;
    for (const [client, status] of [
      [stranger.browser, 404],
      [member.browser, 403],
    ] as const) {
      expect(await client.send('GET', at)).toMatchObject({ status });
      expect(await client.send('DELETE', at)).toMatchObject({ status });
      expect(await download(client, returnId, 1)).toMatchObject({ status });
    }
    expect(await stranger.browser.must(200, 'GET', route)).toMatchObject({ items: [] });
    const ofOthers = { organizationId: owner.organizationId };
    const browser = await logIn(system, stranger);
    expect(await browser.send('POST', route, { body: ofOthers, headers: freshKey() })).toMatchObject({
      status: 403,
    });
  });

  it('is downloaded part by part, and a download that was cut off goes on', async () => {
    target = await mkdtemp(path.join(folder, 'archive-'));
    const { keys } = (await new Client(system.url).must(200, 'GET', '/v1/lifecycle/certificate-keys')) as {
      keys: { vkey: string }[];
    };
    publishedKeys = keys.map(({ vkey }) => vkey);
    expect(ready.parts.length).toBeGreaterThan(1);
    for (const { part, size, sha256: digest } of ready.parts) {
      const bytes = await downloadInPieces(owner.browser, asked.returnId, part);
      expect([bytes.length, sha256(bytes)]).toEqual([size, digest]);
      const names = await unzip(bytes, target);
      const note = await readFile(path.join(target, part === 1 ? 'manifest.note' : `manifest.${part}.note`));
      const manifest = manifestIn(note, publishedKeys);
      if (!manifest) throw new Error(`The manifest of part ${part} is not signed`);
      manifests.push(manifest);
      // Each file but the manifest itself is named, with what it is.
      expect(manifest.files.map((file) => file.path)).toEqual(names.slice(0, -1));
      for (const file of manifest.files) {
        const content = await readFile(path.join(target, file.path));
        expect([file.path, content.length, sha256(content)]).toEqual([file.path, file.size, file.sha256]);
      }
      expect(manifest.isLast).toBe(part === ready.parts.length);
    }
    // Each manifest names the ZIP file before it: the last one leads to all.
    expect(manifests.map(({ previousPart }) => previousPart)).toEqual([null, ...ready.parts.slice(0, -1)]);
    const whole = await owner.browser.send('GET', `${route}/${asked.returnId}/parts/1`);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/zip',
      'repr-digest': `sha-256=:${createHash('sha256').update(whole.bytes).digest('base64')}:`,
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(await download(owner.browser, asked.returnId, 99)).toMatchObject({ status: 404 });
  }, 60_000);

  it('has a manifest that no changed byte gets past, and vouchsafe-verify checks it with every file', async () => {
    const keys = publishedKeys.join('\n');
    for (const { part, isLast } of manifests) {
      const file = path.join(target, part === 1 ? 'manifest.note' : `manifest.${part}.note`);
      const verdict = await verifyFile(folder, file, keys);
      expect(verdict).toMatch(/^0: .* HOLDS, against the keys that you gave/);
      expect(verdict).toContain(isLast ? 'This is the last part.' : 'Other parts follow.');
    }
    const table = path.join(target, 'members.csv');
    const members = await readFile(table);
    await writeFile(table, Buffer.concat([members, Buffer.from('one more')]));
    expect(await verifyFile(folder, path.join(target, 'manifest.note'), keys)).toMatch(/^1: .*members\.csv/s);
    await writeFile(table, members);
    const note = await readFile(path.join(target, 'manifest.note'));
    const text = note.indexOf('\n\n');
    for (let at = 0; at < text; at += Math.ceil(text / 50)) {
      const changed = Buffer.from(note);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(manifestIn(changed, publishedKeys)).toBeUndefined();
    }
    expect(manifestIn(note, [])).toBeUndefined();
  });

  it('says what is not in it, and why', () => {
    const because = new Map(
      manifests.flatMap(({ notReturned }) =>
        notReturned.map((one) => [`${one.service}/${one.store}`, one.because]),
      ),
    );
    expect(because.get('lifecycle/returns')).toMatch(/Made of data that is returned/);
    for (const reason of because.values()) expect(reason).not.toBe('');
  });

  (python() === undefined ? it.skip : it)(
    `is rebuilt by a program that knows CSVW alone, row by row as the API shows it${withoutPython()}`,
    async () => {
      const rebuilt = rebuild(target);
      const { browser } = owner;
      const shown: Record<string, object[]> = {
        organization: [(await browser.must(200, 'GET', '/v1/organization')) as object],
        members: await everyItem(browser, '/v1/members'),
        invitations: await everyItem(browser, '/v1/invitations'),
        'api-keys': await everyItem(browser, '/v1/api-keys'),
        'billing-customer': [
          {
            organizationId: owner.organizationId,
            ...((await browser.must(200, 'GET', '/v1/billing/customer')) as object),
          },
        ],
        subscriptions: await everyItem(browser, '/v1/billing/subscriptions'),
        invoices: await everyItem(browser, '/v1/billing/invoices'),
        'payment-methods': await everyItem(browser, '/v1/billing/payment-methods'),
        attachments: (await everyItem(browser, '/v1/attachments')).map((one) => ({
          ...one,
          path: `attachments/${'attachmentId' in one ? String(one.attachmentId) : ''}/${'name' in one ? String(one.name) : ''}`,
        })),
        'legal-holds': [],
      };
      for (const [table, items] of Object.entries(shown)) {
        const rows = rebuilt[table] ?? [];
        expect([table, rows]).toEqual([table, items.map((item) => asRow(item, rows[0] ?? {}))]);
      }
      const consents = rebuilt.consents ?? [];
      expect(new Set(consents.map(({ userId }) => userId))).toEqual(new Set([owner.userId, member.userId]));
      expect(rebuilt.termination).toMatchObject([{ organizationId: owner.organizationId, status: 'active' }]);
      for (const { name: file, bytes } of files) {
        const row = (rebuilt.attachments ?? []).find((one) => one.name === file);
        expect(sha256(await readFile(path.join(target, String(row?.path))))).toBe(sha256(bytes));
      }
      // The manifest counts the rows.
      const counted = Object.fromEntries(
        manifests.flatMap(({ files: all }) =>
          all.flatMap(({ path: file, rows }) => (rows === undefined ? [] : [[file, rows]])),
        ),
      ) as Record<string, number>;
      for (const [table, rows] of Object.entries(rebuilt)) expect(counted[`${table}.csv`]).toBe(rows.length);
    },
    90_000,
  );

  (python() === undefined ? it.skip : it)(
    `has every entry of the log until it was asked for${withoutPython()}`,
    async () => {
      const rows = rebuild(target)['audit-entries'] ?? [];
      const entries = (await everyItem(owner.browser, '/v1/audit/entries', {
        ...{ items: 'entries', query: { order: 'oldest', limit: '1000' } },
      })) as Record<string, unknown>[];
      // What is recorded while the archive is put together may be in it or not.
      expect(rows).toEqual(entries.slice(0, rows.length).map((entry) => asRow(entry, rows[0] ?? {})));
      const request = entries.findIndex(({ operation }) => operation === 'lifecycle.return-requested');
      expect(request).toBeGreaterThan(0);
      expect(rows.length).toBeGreaterThanOrEqual(request);
      expect(rows.filter(({ operation }) => operation === 'order.create')).toHaveLength(9);
    },
    60_000,
  );

  it('is in the log of the organization: who asked, when it was ready, and each download', async () => {
    const entry = (operation: string) =>
      eventually(`The entry ${operation}`, async () => {
        const { entries } = (await owner.browser.must(200, 'GET', '/v1/audit/entries', {
          query: { operation, limit: '1' },
        })) as { entries: object[] };
        return entries[0];
      });
    const entity = { type: 'return', id: asked.returnId };
    expect(await entry('lifecycle.return-requested')).toMatchObject({
      ...{ entity, actor: { type: 'user', id: owner.userId }, details: { isByOperator: false } },
    });
    expect(await entry('lifecycle.return-ready')).toMatchObject({
      ...{ entity, details: { parts: ready.parts.length } },
    });
    expect(await entry('return.download')).toMatchObject({ entity });
  });

  it('is gone once it is deleted, to the last part', async () => {
    const before = (await partsInDatabase(asked.returnId)).map((row) => row.part_id);
    expect(await bodies()).toEqual(expect.arrayContaining(before));
    await owner.browser.must(204, 'DELETE', `${route}/${asked.returnId}`);
    expect(await download(owner.browser, asked.returnId, 1)).toMatchObject({ status: 410 });
    expect(await read(owner.browser, asked.returnId)).toMatchObject({ status: 'deleted', parts: [] });
    await eventually('The end of its parts', async () => {
      return (await partsInDatabase(asked.returnId)).length === 0 || undefined;
    });
    const left = await bodies();
    expect(before.filter((id) => left.includes(id))).toEqual([]);
    // The files themselves stay.
    expect(await everyItem(owner.browser, '/v1/attachments')).toHaveLength(files.length);
  });

  it('is cancelled while it is put together, and nothing of it stays', async () => {
    const { returnId } = await ask(owner.browser, { partSize: MIB });
    await eventually('Its first part', async () => (await partsInDatabase(returnId)).length > 0 || undefined);
    await owner.browser.must(204, 'DELETE', `${route}/${returnId}`);
    expect(await read(owner.browser, returnId)).toMatchObject({ status: 'cancelled' });
    await eventually(
      'The end of its parts',
      async () => {
        if ((await partsInDatabase(returnId)).length > 0) return undefined;
        return (await bodies()).length === files.length || undefined;
      },
      60_000,
    );
  }, 90_000);
});

describe('an organization that has ended', () => {
  let browser: Client;
  let returnId: string;

  it('gets its data back, of the time that its owner asks for', async () => {
    const from = new Date(Date.now() + moved).toISOString();
    await attach(owner.browser, 'later.txt', Buffer.from('later'));
    await owner.browser.must(200, 'POST', `/v1/billing/subscriptions/${subscriptionId}/cancellation`, {
      body: { at: 'now' },
    });
    browser = await logIn(system, owner);
    await eventually('The end', async () => {
      const { status } = (await browser.must(200, 'GET', '/v1/lifecycle/termination')) as { status: string };
      return status === 'inactive' || undefined;
    });
    ({ returnId } = await ask(browser, { from }));
    const { parts } = await reached(browser, returnId, 'ready');
    expect(parts).toHaveLength(1);
    const target = await mkdtemp(path.join(folder, 'archive-'));
    const names = await unzip((await download(browser, returnId, 1)).bytes, target);
    const stored = names.filter((file) => file.startsWith('attachments/'));
    expect(stored).toEqual([expect.stringMatching(/^attachments\/[0-9a-f-]{36}\/later\.txt$/)]);
    const entries = await readFile(path.join(target, 'audit-entries.csv'), 'utf8');
    expect(entries).not.toContain('order.create');
    expect(entries).toContain('lifecycle.attachment-stored');
    // A table without a time is whole.
    expect(await readFile(path.join(target, 'members.csv'), 'utf8')).toContain(member.userId);
  }, 60_000);

  it('cannot ask after 30 days; what is there can be downloaded until it expires', async () => {
    // The days count from the email that tells the owner.
    await eventually('The email to the owner', async () => {
      const query = 'select from termination where organization_id = $1 and untold_since is null';
      return (await system.rows('lifecycle', query, [owner.organizationId])).length > 0 || undefined;
    });
    await moveClock(29 * DAY_MS);
    browser = await eventually('The log-in', () => logIn(system, owner).catch(() => undefined));
    await download(browser, returnId, 1).then(({ status }) => expect(status).toBe(200));
    await moveClock(1.1 * DAY_MS);
    browser = await eventually('The log-in', () => logIn(system, owner).catch(() => undefined));
    await reached(browser, returnId, 'expired');
    const late = await browser.send('POST', route, { body: {}, headers: freshKey() });
    expect(late.json()).toMatchObject({ status: 409, detail: expect.stringContaining('Ask the operator') });
    expect(await download(browser, returnId, 1)).toMatchObject({ status: 410 });
    await eventually('The end of its parts', async () => {
      return (await partsInDatabase(returnId)).length === 0 || undefined;
    });
  }, 60_000);
});

function rebuild(target: string): Record<string, Record<string, unknown>[]> {
  const csvw = path.join(root, 'services/lifecycle/src/testing/csvw');
  const program = pythonEnvironment('csvw', path.join(csvw, 'requirements.txt'));
  const read = execFileSync(program, [path.join(csvw, 'import.py'), target], {
    ...{ encoding: 'utf8', maxBuffer: 64 * MIB },
  });
  const tables = JSON.parse(read) as Record<string, Record<string, unknown>[]>;
  return Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [
      table,
      rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([column, value]) => [column, timed(value)])),
      ),
    ]),
  );
}

/** What the API shows, in the columns of the table: `actor.type` is a member of a member. */
function asRow(item: object, like: Record<string, unknown>): Record<string, unknown> {
  const leaves = new Map<string, unknown>();
  const columns = Object.keys(like);
  const collect = (value: unknown, place: string): void => {
    const isNested = columns.some((column) => column.startsWith(`${place}.`));
    if (isNested && typeof value === 'object' && value !== null)
      for (const [member, inner] of Object.entries(value)) collect(inner, `${place}.${member}`);
    else if (!isNested || value !== null) leaves.set(place, timed(value));
  };
  for (const [member, value] of Object.entries(item)) collect(value, member);
  // A member that is in no column would show here.
  return { ...Object.fromEntries(columns.map((column) => [column, null])), ...Object.fromEntries(leaves) };
}

/** Python writes a time in another way. */
function timed(value: unknown): unknown {
  const isTime =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?$/.test(value);
  return isTime ? Date.parse(value.replace(/(Z|\+00:00)?$/, 'Z')) : value;
}
