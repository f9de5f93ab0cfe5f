/**
 * @promise P15 a sign-up through the API, and its consents in the audit log
 * @promise P24 searches, proofs, and a bundle in which no changed byte escapes
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leafHash, parseVerifierKey, verifyTlogProof } from '@vouchsafe/transparency-log';
import { Client, freshKey } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { emails, emailTo, tokenIn } from './system/emails.ts';
import {
  challengeOf,
  currentDocuments,
  enrol,
  type Enrolled,
  join,
  makeApiKey,
  newPerson,
  type Person,
  signUp,
} from './system/people.ts';
import { root } from './system/root.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

interface Entry {
  readonly logId: string;
  readonly index: number;
  readonly id: string | null;
  readonly provenance: 'observed' | 'asserted';
  readonly submitter: { readonly type: string; readonly id: string } | null;
  readonly source: string;
  readonly actor: { readonly type: string; readonly id: string | null };
  readonly operation: string;
  readonly entity: { readonly type: string; readonly id: string | null } | null;
  readonly outcome: string;
  readonly occurredAt: string;
  readonly sourceIp: string | null;
  readonly url: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

let system: SystemUnderTest;
beforeAll(async () => {
  system = await startForTests();
}, 180_000);
afterAll(() => system.stop(), 60_000);

describe('a sign-up', () => {
  it('needs the consents, and keeps them: who, which text, when, from where (P15)', async () => {
    const anybody = new Client(system.url);
    const accept = await currentDocuments(system);
    expect(accept.map(({ document }) => document).sort()).toEqual(['privacy-policy', 'terms-of-service']);
    const request = { organization: { name: 'Analytical Engines' }, user: newPerson() };
    for (const some of [[], accept.slice(0, 1), accept.map((one) => ({ ...one, version: '1999-01' }))]) {
      const refused = await anybody.send('POST', '/v1/sign-up', { body: { ...request, accept: some } });
      expect([400, 422]).toContain(refused.status);
    }
    const person = await signUp(system);
    const { items: documents } = (await anybody.must(200, 'GET', '/v1/legal-documents')) as {
      items: { document: string; sha256: string }[];
    };
    const { items: consents } = (await person.browser.must(200, 'GET', '/v1/me/consents')) as {
      items: object[];
    };
    expect(consents).toHaveLength(2);
    for (const { document, sha256 } of documents) {
      expect(consents).toContainEqual({
        document,
        sha256,
        version: accept.find((one) => one.document === document)?.version,
        acceptedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        sourceIp: '127.0.0.1',
        userAgent: 'vouchsafe-tests/1',
      });
    }
  });

  it('opens nothing before its email is answered, and its link works once', async () => {
    const anybody = new Client(system.url);
    const user = newPerson();
    const accept = await currentDocuments(system);
    await anybody.must(201, 'POST', '/v1/sign-up', {
      body: { organization: { name: 'Pending' }, user, accept },
    });
    const { email, password } = user;
    const logIn = () => anybody.send('POST', '/v1/sessions', { body: { email, password } });
    expect((await logIn()).status).toBe(401);
    const token = tokenIn(await emailTo(system.mailFolder, email, 'Confirm'));
    const verify = () => anybody.send('POST', '/v1/sign-up/verification', { body: { token } });
    expect((await verify()).status).toBe(200);
    expect((await verify()).status).toBe(410);
    expect((await logIn()).status).toBe(201);
  });

  it('with an address that has an account answers the same, and tells its owner alone (ASVS 6.3.8)', async () => {
    const { email } = await signUp(system);
    const anybody = new Client(system.url);
    const answer = await anybody.must(201, 'POST', '/v1/sign-up', {
      body: {
        organization: { name: 'Second' },
        user: { ...newPerson(), email },
        accept: await currentDocuments(system),
      },
    });
    expect(answer).toEqual({ organizationId: expect.any(String), userId: expect.any(String) });
    const message = await emailTo(system.mailFolder, email, 'You already have an account');
    expect(message.text).not.toContain('#token=');
  });
});

describe('a second factor', () => {
  it('is asked for once it is enrolled, and a code works once', async () => {
    const ada = await enrol(await signUp(system));
    expect(ada.recoveryCodes).toHaveLength(10);
    const code = await ada.app.freshCode();
    const answer = async (body: object) =>
      new Client(system.url).send('POST', `/v1/sessions/challenges/${await challengeOf(system, ada)}`, {
        body,
      });
    expect((await answer({ totp: ada.app.wrongCode() })).status).toBe(401);
    expect((await answer({ totp: code })).status).toBe(201);
    expect((await answer({ totp: code })).status).toBe(401);
    const [recoveryCode = ''] = ada.recoveryCodes;
    expect((await answer({ recoveryCode })).status).toBe(201);
    expect((await answer({ recoveryCode })).status).toBe(401);
  });
});

describe('the audit log of an organization', () => {
  let owner: Person;
  let colleague: Person;
  let backEnd: Client;
  let keyId: string;
  const sent = ['invoice.read', 'invoice.export', 'settings.change'].map((operation, nth) => ({
    id: randomUUID(),
    occurredAt: new Date(Date.now() - (3 - nth) * 1000).toISOString(),
    actor: { type: 'customer-user', id: 'u-4711' },
    operation,
    entity: { type: 'invoice', id: `2026-${nth}` },
    outcome: nth === 2 ? 'denied' : 'success',
    sourceIp: '203.0.113.7',
    url: `/invoices/2026-${nth}?page=2`,
    details: { rows: nth + 1 },
  }));
  let places: { id: string; logId: string; index: number }[];

  beforeAll(async () => {
    owner = await signUp(system);
    colleague = await join(system, owner.browser, 'member');
    ({ client: backEnd, apiKeyId: keyId } = await makeApiKey(system, owner.browser, [
      'audit:write',
      'audit:read',
    ]));
    ({ entries: places } = (await backEnd.must(201, 'POST', '/v1/audit/entries', {
      body: { entries: sent },
    })) as { entries: typeof places });
  }, 60_000);

  const ask = async (query: Record<string, string>, client = backEnd) =>
    ((await client.must(200, 'GET', '/v1/audit/entries', { query })) as { entries: Entry[] }).entries;
  const first = (query: Record<string, string>) =>
    eventually(`An entry for ${JSON.stringify(query)}`, async () => (await ask(query))[0]);

  it('takes the entries of a back end, each once', async () => {
    const again = (await backEnd.must(201, 'POST', '/v1/audit/entries', {
      body: { entries: sent },
    })) as object;
    expect(again).toEqual({ entries: places });
    const changed = sent.map((entry) => ({ ...entry, outcome: 'failure' }));
    expect((await backEnd.send('POST', '/v1/audit/entries', { body: { entries: changed } })).status).toBe(
      409,
    );
  });

  it('answers what an address did, and what an address was denied (P24)', async () => {
    const all = await ask({ sourceIp: '203.0.113.7', order: 'oldest' });
    expect(all.map(({ operation }) => operation)).toEqual(sent.map(({ operation }) => operation));
    const denied = await ask({ sourceIp: '203.0.113.7', outcome: 'denied' });
    expect(denied).toEqual([
      expect.objectContaining({
        provenance: 'asserted',
        submitter: { type: 'api-key', id: keyId },
        source: `key-${keyId}`,
        operation: 'settings.change',
        actor: { type: 'customer-user', id: 'u-4711' },
        entity: { type: 'invoice', id: '2026-2' },
        url: '/invoices/2026-2?page=2',
        details: { rows: 3 },
      }),
    ]);
    expect(await ask({ sourceIp: '203.0.113.8' })).toEqual([]);
  });

  it('holds each request through the gateway with date, user, URL, entity, operation and address (P23)', async () => {
    const answer = await owner.browser.send('GET', `/v1/members/${colleague.userId}`);
    const requestId = answer.headers['x-request-id'] as string;
    expect(await first({ requestId })).toMatchObject({
      provenance: 'observed',
      submitter: { type: 'service', id: 'gateway' },
      source: 'gateway',
      occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      actor: { type: 'user', id: owner.userId },
      url: `/v1/members/${colleague.userId}`,
      entity: { type: 'user', id: colleague.userId },
      operation: 'member.read',
      outcome: 'success',
      sourceIp: '127.0.0.1',
    });
  });

  it('holds what was denied, and who asked (P23)', async () => {
    const answer = await colleague.browser.send('GET', '/v1/audit/entries');
    expect(answer.status).toBe(403);
    expect(await first({ requestId: answer.headers['x-request-id'] as string })).toMatchObject({
      actor: { type: 'user', id: colleague.userId },
      operation: 'audit-entry.list',
      outcome: 'denied',
    });
  });

  it("holds identity's facts: who joined, with which consents, and each log-in", async () => {
    expect(await first({ operation: 'identity.member-joined', q: colleague.userId })).toMatchObject({
      source: 'identity',
    });
    expect(await first({ operation: 'identity.consent-recorded', actor: colleague.userId })).toMatchObject({
      source: 'identity',
      actor: { type: 'user', id: colleague.userId },
    });
    expect(await first({ operation: 'identity.logged-in', actor: owner.userId })).toMatchObject({
      sourceIp: '127.0.0.1',
    });
  });

  it('tells what a key asserts from what was observed, whatever the key says (P24)', async () => {
    const answer = await owner.browser.send('GET', `/v1/members/${colleague.userId}`);
    const requestId = answer.headers['x-request-id'] as string;
    await first({ requestId });
    const deceit = {
      ...{ id: randomUUID(), occurredAt: new Date().toISOString(), requestId, outcome: 'success' },
      actor: { type: 'user', id: colleague.userId },
    };
    const post = (entry: object) => backEnd.send('POST', '/v1/audit/entries', { body: { entries: [entry] } });
    const refused = [
      await post({ ...deceit, operation: 'identity.logged-in' }),
      await post({ ...deceit, operation: 'member.read', actor: { type: 'service', id: 'gateway' } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400]);
    expect((await post({ ...deceit, operation: 'session.create' })).status).toBe(201);
    const by = async (query: Record<string, string>) =>
      (await ask({ requestId, ...query })).map(({ actor, submitter }) => [actor.id, submitter?.id]);
    expect(await by({ provenance: 'observed' })).toEqual([[owner.userId, 'gateway']]);
    expect(await by({ submitterId: keyId })).toEqual([[colleague.userId, keyId]]);
  });

  it('knows what was sent when the key that sent it is replaced, and says what is left of the limits', async () => {
    const { key } = (await owner.browser.must(201, 'POST', '/v1/api-keys', {
      body: { name: 'the next back end', scopes: ['audit:write'], replaces: keyId },
    })) as { key: string };
    const next = new Client(system.url, key);
    const again = await next.send('POST', '/v1/audit/entries', { body: { entries: sent } });
    expect([again.status, again.json()]).toEqual([201, { entries: places }]);
    expect(again.headers['ratelimit-policy']).toContain('"entries-in-60s";q=');
    expect(again.headers.ratelimit).toContain('"entries-in-60s";r=');
    const made = { operation: 'identity.api-key-created', actor: owner.userId, q: keyId };
    expect(await first({ ...made, entityType: 'api-key', order: 'newest' })).toMatchObject({
      details: { source: `key-${keyId}`, replaces: keyId },
    });
    const { client: other } = await makeApiKey(system, owner.browser, ['audit:write']);
    expect(await other.must(201, 'POST', '/v1/audit/entries', { body: { entries: sent } })).not.toEqual({
      entries: places,
    });
  });

  it('proves each of its entries to whoever has its public key', async () => {
    const { logs } = (await backEnd.must(200, 'GET', '/v1/audit/logs')) as {
      logs: { logId: string; origin: string; vkey: string }[];
    };
    for (const { logId, index } of places) {
      const log = logs.find((one) => one.logId === logId);
      const parsed = parseVerifierKey(log?.vkey ?? '');
      if (!log || !('key' in parsed)) throw new Error('The log has no key');
      const proven = (await backEnd.must(200, 'GET', `/v1/audit/entries/${logId}/${index}`)) as {
        leaf: string;
        proof: string;
      };
      const leaf = Buffer.from(proven.leaf, 'base64');
      const check = (bytes: Uint8Array) =>
        verifyTlogProof(Buffer.from(proven.proof), leafHash(bytes), log.origin, [parsed.key]).status;
      expect(check(leaf)).toBe('included');
      expect(check(leaf.with(0, (leaf[0] ?? 0) ^ 1))).toBe('not-included');
    }
  });

  it('leaves the house as a bundle that anybody checks, and no changed byte escapes (P24)', async () => {
    const { exportId } = (await owner.browser.must(202, 'POST', '/v1/audit/exports', {
      body: { disclose: ['sourceIp', 'url', 'actor.id'], reason: 'Suspicion of inappropriate access' },
      headers: freshKey(),
    })) as { exportId: string };
    const job = await eventually('The export', async () => {
      const now = (await owner.browser.must(200, 'GET', `/v1/audit/exports/${exportId}`)) as {
        status: string;
      };
      return now.status === 'running' ? undefined : now;
    });
    expect(job).toMatchObject({ status: 'ready' });
    const bundle = await owner.browser.send('GET', `/v1/audit/exports/${exportId}/bundle.zip`);
    expect(bundle).toMatchObject({ status: 200 });
    const { logs, manifestKeys } = (await owner.browser.must(200, 'GET', '/v1/audit/logs')) as {
      logs: { vkey: string }[];
      manifestKeys: string[];
    };
    const keys = [...logs.map(({ vkey }) => vkey), ...manifestKeys].join('\n');

    const stranger = await signUp(system);
    const { logs: others } = await eventually('The log of another organization', async () => {
      const answer = (await stranger.browser.must(200, 'GET', '/v1/audit/logs')) as {
        logs: { vkey: string }[];
      };
      return answer.logs.length > 0 ? answer : undefined;
    });
    expect(await verify(bundle.bytes, keys)).toMatch(/^0: /);
    expect(await verify(bundle.bytes, others.map(({ vkey }) => vkey).join('\n'))).toMatch(/^1: /);
    expect(await verify(bundle.bytes, null)).toMatch(/^3: /);
    // A changed byte does not hold (1), or makes a file that cannot be read at all (2): it never passes.
    const middle = bundle.bytes.indexOf('entries.ndjson') + 200;
    expect(await verify(flipped(bundle.bytes, middle), keys)).toMatch(/^1: /);
    for (let place = 7; place < bundle.bytes.length; place += Math.ceil(bundle.bytes.length / 8)) {
      expect(await verify(flipped(bundle.bytes, place), keys)).toMatch(/^[12]: /);
    }
  });

  it('holds that it was exported, by whom and why', async () => {
    expect(await first({ operation: 'audit-export.request', actor: owner.userId })).toMatchObject({
      outcome: 'success',
    });
  });
});

describe('emails', () => {
  it('tell people of what changes how their account is opened (ASVS 6.3.7)', async () => {
    const ada: Enrolled = await enrol(await signUp(system));
    await emailTo(system.mailFolder, ada.email, 'A second factor was added');
    const all = await emails(system.mailFolder);
    expect(all.every(({ text }) => !text.includes(ada.app.secret) && !text.includes(ada.password))).toBe(
      true,
    );
  });
});

function flipped(bytes: Buffer, place: number): Uint8Array {
  return bytes.with(place, (bytes[place] ?? 0) ^ 1);
}

let files = 0;
/** Runs the verifier as its reader would, a program of its own. @returns `<exit code>: <what it said>` */
async function verify(bundle: Uint8Array, keys: string | null): Promise<string> {
  files += 1;
  const zip = path.join(system.folder, `bundle-${files}.zip`);
  const vkeys = path.join(system.folder, `keys-${files}.txt`);
  await writeFile(zip, bundle);
  if (keys !== null) await writeFile(vkeys, `${keys}\n`);
  const cli = path.join(root, 'libs/verify/dist/vouchsafe-verify.mjs');
  return new Promise((resolve) => {
    const args = [cli, zip, ...(keys === null ? [] : ['--vkey', vkeys])];
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0;
      resolve(`${code}: ${stdout}${stderr}`);
    });
  });
}
