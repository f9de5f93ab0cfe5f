/** @promise P10 the receipts of all services, and every proof as before */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { leafHash, parseVerifierKey, verifyTlogProof } from '@vouchsafe/transparency-log';
import { Client, freshKey } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { exported, exportStatus, publicKeys, verify } from './system/evidence.ts';
import { emails } from './system/emails.ts';
import { join, makeApiKey, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

interface Erasure {
  readonly erasureId: string;
  readonly status: string;
  readonly receipts: readonly {
    service: string;
    keysDestroyed: number;
    destroyedAt: string;
    effectiveFrom: string;
  }[];
  readonly waitingFor: readonly string[];
}

interface Entry {
  readonly logId: string;
  readonly index: number;
  readonly operation: string;
  readonly actor: { readonly id: string | null };
  readonly sourceIp: string | null;
  readonly url: string | null;
  readonly userAgent: string | null;
  readonly erased: number;
}

const everything = ['id', 'actor.id', 'entity.id', 'sourceIp', 'url', 'userAgent', 'requestId', 'details'];

let system: SystemUnderTest;
let owner: Person;
let ada: Person;
let grace: Person;
let outside: string;
let before: { exportId: string; bundle: Buffer };
let bystanders: { exportId: string };
let asked: Erasure;
let done: Erasure;
/** Keys of Ada, by service. */
let keysBefore: ReadonlyMap<string, number>;
const seen = new Set<string>();

beforeAll(async () => {
  // Keys are held open for a second instead of a minute, so that a receipt need not be waited for so long.
  system = await startForTests({ VOUCHSAFE_KEY_CACHE_MS: '1000' });
  outside = await mkdtemp(path.join(tmpdir(), 'vouchsafe-evidence-'));
  owner = await signUp(system);
  grace = await join(system, owner.browser, 'member');
  ada = await join(system, owner.browser, 'admin');
  await ada.browser.must(200, 'GET', '/v1/members');
  await sendEntry(ada.userId, '198.51.100.77');
  await sendEntry(grace.userId, '198.51.100.78');
  await eventually('What Ada did', async () =>
    (await entriesOf(ada.userId)).length >= 4 ? true : undefined,
  );
  before = await exported(owner.browser, everything);
  bystanders = await exported(owner.browser, []);

  keysBefore = new Map(
    await Promise.all(serviceNames.map(async (name) => [name, await keysOf(name, ada.userId)] as const)),
  );
  asked = (await owner.browser.must(202, 'POST', `/v1/members/${ada.userId}/erasure`, {
    headers: freshKey(),
  })) as Erasure;
  done = await eventually('Every receipt', async () => {
    const now = await erasureOf(ada);
    seen.add(`${now.status} with ${now.receipts.length} receipts`);
    return now.status === 'erased' ? now : undefined;
  });
}, 240_000);
afterAll(async () => {
  await system.stop();
  await rm(outside, { recursive: true, force: true });
}, 60_000);

describe('the erasure of a member (P10)', () => {
  it('ends access at once', async () => {
    expect(asked).toMatchObject({ status: 'requested', receipts: [] });
    expect((await ada.browser.send('GET', '/v1/me')).status).toBe(401);
    const { email, password } = ada;
    const again = await new Client(system.url).send('POST', '/v1/sessions', { body: { email, password } });
    expect(again.status).toBe(401);
  });

  it('is done when every service has given its receipt, and is never shown as done before', () => {
    expect(done.receipts.map(({ service }) => service).sort()).toEqual(serviceNames.toSorted());
    expect(done.waitingFor).toEqual([]);
    expect([...keysBefore.values()].filter((count) => count > 0).length).toBeGreaterThanOrEqual(3);
    for (const { service, keysDestroyed, destroyedAt, effectiveFrom } of done.receipts) {
      expect([service, keysDestroyed > 0]).toEqual([service, keysBefore.get(service) !== 0]);
      // Not before the keys that processes held open have run out.
      expect(Date.parse(effectiveFrom) - Date.parse(destroyedAt)).toBeGreaterThan(5000);
      expect(Date.parse(effectiveFrom)).toBeLessThanOrEqual(Date.now());
    }
    for (const state of seen) {
      const [, status = '', count] = /^(\w+) with (\d+) receipts$/.exec(state) ?? [];
      const [some, all] = [Number(count) > 0, Number(count) === serviceNames.length];
      expect([state, all ? ['erased'] : some ? ['partial'] : ['requested', 'executing']]).toEqual([
        state,
        expect.arrayContaining([status]),
      ]);
    }
  });

  it('stays one erasure, however often it is asked for', async () => {
    const again = await owner.browser.must(202, 'POST', `/v1/members/${ada.userId}/erasure`, {
      headers: freshKey(),
    });
    expect(again).toEqual(done);
  });

  it('shows the person nowhere, and the others as before', async () => {
    const { items } = (await owner.browser.must(200, 'GET', '/v1/members')) as {
      items: { userId: string; email: string }[];
    };
    expect(items.map(({ email }) => email).sort()).toEqual([grace.email, owner.email].sort());
    const theirs = await entriesOf(ada.userId);
    expect(theirs.length).toBeGreaterThan(3);
    for (const entry of theirs) {
      expect(entry).toMatchObject({ sourceIp: null, url: null, userAgent: null });
    }
    expect((await entriesOf(grace.userId)).some(({ sourceIp }) => sourceIp === '127.0.0.1')).toBe(true);
    expect(await search({ sourceIp: '198.51.100.77' })).toEqual([]);
    expect(await search({ sourceIp: '198.51.100.78' })).toHaveLength(1);
  });

  it('frees the email address', async () => {
    const anew = await signUp(system, 'Another organization', ada);
    expect(anew.email).toBe(ada.email);
    expect(anew.userId).not.toBe(ada.userId);
  });

  it('leaves no email to the person in the mail folder', async () => {
    const all = await emails(system.mailFolder);
    expect(all.filter(({ text }) => text.includes(ada.name))).toEqual([]);
    expect(all.some(({ to }) => to === grace.email)).toBe(true);
  });

  it('leaves every proof as it was', async () => {
    const { logs } = (await owner.browser.must(200, 'GET', '/v1/audit/logs')) as {
      logs: { logId: string; origin: string; vkey: string }[];
    };
    for (const { logId, index } of await entriesOf(ada.userId)) {
      const log = logs.find((one) => one.logId === logId);
      const parsed = parseVerifierKey(log?.vkey ?? '');
      if (!log || !('key' in parsed)) throw new Error('The log has no key');
      const proven = (await owner.browser.must(200, 'GET', `/v1/audit/entries/${logId}/${index}`)) as {
        leaf: string;
        proof: string;
      };
      const hash = leafHash(Buffer.from(proven.leaf, 'base64'));
      expect(verifyTlogProof(Buffer.from(proven.proof), hash, log.origin, [parsed.key]).status).toBe(
        'included',
      );
    }
  });

  it('leaves bundles that left the house before valid, and takes back those that wait', async () => {
    const keys = await publicKeys(owner.browser);
    expect(await verify(outside, before.bundle, keys)).toMatch(/^0: /);
    expect(await exportStatus(owner.browser, before.exportId)).toMatchObject({
      status: 'expired',
      expiredBecause: 'erasure',
    });
    const gone = await owner.browser.send('GET', `/v1/audit/exports/${before.exportId}/bundle.zip`);
    expect(gone.status).toBe(410);
    // One that opened nothing of anybody concerns nobody.
    expect(await exportStatus(owner.browser, bystanders.exportId)).toMatchObject({
      status: 'ready',
      expiredBecause: null,
    });
  });

  it('shows in new exports what is erased, and nothing of what it was', async () => {
    const { bundle } = await exported(owner.browser, everything);
    expect(before.bundle.includes('198.51.100.77')).toBe(true);
    for (const gone of [ada.name, ada.email, '198.51.100.77']) expect(bundle.includes(gone)).toBe(false);
    expect(bundle.includes(grace.name)).toBe(true);
    expect(await verify(outside, bundle, await publicKeys(owner.browser))).toMatch(/^0: .*erased/s);
  });

  it('takes entries that still come of the person, and keeps nothing of them but digests', async () => {
    const [entry] = await sendEntry(ada.userId, '198.51.100.79');
    expect(entry).toBeDefined();
    expect(await search({ sourceIp: '198.51.100.79' })).toEqual([]);
  });
});

async function keysOf(service: string, userId: string): Promise<number> {
  const [row] = await system.rows<{ count: number }>(
    service,
    'select count(*)::int as count from vault_data_key where holder = $1',
    [`subject:${userId}`],
  );
  return row?.count ?? 0;
}

function erasureOf({ userId }: Person): Promise<Erasure> {
  return owner.browser.must(200, 'GET', `/v1/members/${userId}/erasure`) as Promise<Erasure>;
}

async function search(query: Record<string, string>): Promise<Entry[]> {
  const { entries } = (await owner.browser.must(200, 'GET', '/v1/audit/entries', {
    query: { limit: '1000', ...query },
  })) as { entries: Entry[] };
  return entries;
}

function entriesOf(actor: string): Promise<Entry[]> {
  return search({ actor });
}

let backEnd: Client | undefined;
async function sendEntry(userId: string, sourceIp: string): Promise<object[]> {
  backEnd ??= (await makeApiKey(system, owner.browser, ['audit:write'])).client;
  const { entries } = (await backEnd.must(201, 'POST', '/v1/audit/entries', {
    body: {
      entries: [
        {
          id: randomUUID(),
          occurredAt: new Date().toISOString(),
          actor: { type: 'user', id: userId },
          operation: 'invoice.read',
          outcome: 'success',
          sourceIp,
        },
      ],
    },
  })) as { entries: object[] };
  return entries;
}
