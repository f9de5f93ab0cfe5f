/** @promise P22 no secret of a whole run is in any table, log, trace, export or file */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databases } from '../tools/start/databases.ts';
import { everyRow, filesUnder, searchFor } from './system/at-rest.ts';
import { Client, freshKey } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { emails, emailTo, tokenIn } from './system/emails.ts';
import { challengeOf, enrol, join, makeApiKey, newPerson, type Person, signUp } from './system/people.ts';
import { restrictedKey } from './system/stripe.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

/**
 * P22: no credentials stored or logged. A whole run, with every kind of secret used rightly and wrongly at the most talkative
 * log level; afterwards everything that the system wrote is searched for each of them.
 */
let system: SystemUnderTest;
/** What may stand nowhere, and what it is. */
const secrets = new Map<string, string>();
/** What must be found where it is looked for: the search itself could be blind. */
const findable = `findable-${randomUUID()}`;

beforeAll(async () => {
  system = await startForTests({ VOUCHSAFE_LOG_LEVEL: 'trace' });
  await useEverything();
  for (const [what, secret] of await secretsOfTheMachine()) secrets.set(secret, what);
}, 300_000);
afterAll(() => system.stop(), 60_000);

describe('a run that used every kind of secret', () => {
  it('used them', () => {
    const kinds = new Set([...secrets.values()].map((what) => what.replace(/:.*/, '')));
    expect([...kinds].sort()).toEqual(
      [
        'API key',
        'Idempotency-Key',
        'Stripe key',
        'KEK',
        'TOTP secret',
        'challenge',
        'cookie key',
        'cookie',
        'database password',
        'internal private key',
        'password',
        'reader path',
        'recovery code',
        'token of a link',
      ].sort(),
    );
  });

  it('left none of them in any table of any database', async () => {
    const rows = await everyRow(system, [...databases, 'postgres']);
    expect(rows.some(({ text }) => text.includes(findable))).toBe(true);
    const search = searchFor(secrets.keys());
    const found = rows.flatMap(({ table, text }) =>
      search(Buffer.from(text)).map((secret) => `${secrets.get(secret)} in ${table}`),
    );
    expect([...new Set(found)]).toEqual([]);
  }, 120_000);

  it('left none of them in a log, an export or any other file, deleted rows and write-ahead log included', async () => {
    // Emails carry tokens to their readers, the secrets' own folder holds the machine's, and what stands in for Stripe knows its own keys.
    const files = await filesUnder(
      system.folder,
      (name) => !['mail', 'secrets', 'stripe-stand-in'].includes(name),
    );
    expect(files.some((file) => file.endsWith('gateway.log'))).toBe(true);
    expect(files.some((file) => file.includes('/pg_wal/'))).toBe(true);
    const search = searchFor(secrets.keys());
    const found: string[] = [];
    for (const file of files) {
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      for (const secret of search(bytes))
        found.push(`${secrets.get(secret)} in ${path.relative(system.folder, file)}`);
    }
    expect([...new Set(found)]).toEqual([]);
  }, 240_000);

  it('wrote into emails what they are for, and nothing else', async () => {
    const all = (await emails(system.mailFolder)).map(({ text }) => text).join('\n');
    const found = [...secrets].filter(([secret, what]) => what !== 'token of a link' && all.includes(secret));
    expect(found.map(([, what]) => what)).toEqual([]);
  });
});

async function useEverything(): Promise<void> {
  const keep = (what: string, ...some: readonly (string | null | undefined)[]) => {
    for (const one of some) if (one) secrets.set(one, what);
  };
  const known = ({ password, browser }: Person) => {
    keep('password', password);
    keep('cookie', browser.cookie?.split('=')[1]);
  };
  const anybody = new Client(system.url);

  const owner = await signUp(system, findable);
  known(owner);
  const colleague = await join(system, owner.browser, 'member');
  known(colleague);
  const enrolled = await enrol(owner);
  keep('TOTP secret', enrolled.app.secret);
  keep('recovery code', ...enrolled.recoveryCodes);

  const answer = async (body: object) => {
    const browser = new Client(system.url);
    const challenge = await challengeOf(system, enrolled);
    keep('challenge', challenge);
    await browser.send('POST', `/v1/sessions/challenges/${challenge}`, { body });
    keep('cookie', browser.cookie?.split('=')[1]);
  };
  await answer({ totp: await enrolled.app.freshCode() });
  await answer({ recoveryCode: enrolled.recoveryCodes[0] });
  await answer({ recoveryCode: enrolled.recoveryCodes[0] });
  const { recoveryCodes } = (await owner.browser.must(
    201,
    'POST',
    '/v1/me/authenticators/recovery-codes',
  )) as { recoveryCodes: string[] };
  keep('recovery code', ...recoveryCodes);

  await anybody.must(202, 'POST', '/v1/password-resets', { body: { email: colleague.email } });
  const reset = tokenIn(await emailTo(system.mailFolder, colleague.email, 'Choose a new password'));
  const [next, last, wrong] = [newPerson().password, newPerson().password, newPerson().password];
  keep('password', next, last, wrong);
  await anybody.must(204, 'POST', '/v1/password-resets/confirmation', {
    body: { token: reset, password: next },
  });
  const again = new Client(system.url);
  await again.must(201, 'POST', '/v1/sessions', { body: { email: colleague.email, password: next } });
  keep('cookie', again.cookie?.split('=')[1]);
  await again.must(204, 'PUT', '/v1/me/password', { body: { currentPassword: next, newPassword: last } });

  // A client may put an address into what it chooses (P18): a key of each service that keeps some.
  const withKey = () => {
    const key = `retry-${newPerson().email}`;
    keep('Idempotency-Key', key);
    return { 'idempotency-key': key };
  };
  await owner.browser.must(201, 'POST', '/v1/invitations', {
    body: { email: newPerson().email, role: 'member' },
    headers: withKey(),
  });
  await owner.browser.must(201, 'POST', '/v1/audit/readers', { body: { name: 'R' }, headers: withKey() });

  const stripeKey = await restrictedKey(system);
  const unknownKey = `rk_test_${randomUUID().replaceAll('-', '')}`;
  keep('Stripe key', stripeKey, unknownKey);
  await owner.browser.must(200, 'PUT', '/v1/billing/stripe-key', { body: { key: stripeKey } });
  await owner.browser.must(422, 'PUT', '/v1/billing/stripe-key', { body: { key: unknownKey } });
  await owner.browser.must(200, 'GET', '/v1/billing/stripe/balance');

  const { client: backEnd } = await makeApiKey(system, owner.browser, [
    'audit:read',
    'audit:write',
    'audit:export',
  ]);
  keep('API key', backEnd.apiKey);
  await backEnd.must(201, 'POST', '/v1/audit/entries', {
    body: {
      entries: [
        {
          id: randomUUID(),
          occurredAt: new Date().toISOString(),
          actor: { type: 'customer-user', id: 'u-1' },
          operation: 'invoice.read',
          outcome: 'success',
        },
      ],
    },
  });
  const reader = (await owner.browser.must(201, 'POST', '/v1/audit/readers', {
    body: { name: 'auditor' },
    headers: freshKey(),
  })) as { path: string };
  keep('reader path', reader.path.split('/').at(-1));
  await eventually('A checkpoint for the reader', async () => {
    const { status } = await anybody.send('GET', `${reader.path}/checkpoint`);
    return status === 200 ? true : undefined;
  });

  await misuse({ anybody, owner, wrong, backEnd, readerPath: reader.path });
  for (const message of await emails(system.mailFolder)) {
    if (message.text.includes('#token=')) keep('token of a link', tokenIn(message));
  }
  await exported(owner.browser);
}

/** Secrets where they do not belong: people paste them into wrong fields, URLs and headers. */
async function misuse(given: {
  anybody: Client;
  owner: Person;
  wrong: string;
  backEnd: Client;
  readerPath: string;
}): Promise<void> {
  const { anybody, owner, wrong, backEnd, readerPath } = given;
  const key = backEnd.apiKey ?? '';
  const { email, password } = owner;
  const json = { 'content-type': 'application/json' };
  await anybody.send('POST', '/v1/sessions', { body: { email, password: wrong } });
  await anybody.send('POST', '/v1/sessions', { body: { email: 'nobody@example.com', password } });
  await anybody.send('POST', '/v1/sessions', {
    body: `{"email":"${email}","password":"${password}`,
    headers: json,
  });
  await anybody.send('POST', '/v1/sessions', { body: { email: password, password: email } });
  await anybody.send('POST', '/v1/sessions', { body: { email, password: { nested: password } } });
  await anybody.send('POST', '/v1/sign-up/verification', { body: { token: password } });
  await anybody.send('GET', '/v1/members', { query: { token: key, password, [key]: '' } });
  await anybody.send('GET', `/v1/members/${key}`);
  await anybody.send('GET', `/v1/api-keys?${key}`);
  await anybody.send('GET', '/v1/members', { headers: { authorization: `Basic ${key}` } });
  await anybody.send('GET', '/v1/members', { headers: { authorization: `Bearer ${key}x` } });
  await anybody.send('GET', '/v1/members', {
    headers: { 'x-api-key': key, referer: `https://example.com/?key=${key}` },
  });
  await anybody.send('GET', `${readerPath}/tile/0/999`);
  await anybody.send('DELETE', `${readerPath}/checkpoint`);
  await anybody.send('GET', '/v1/me', { headers: { cookie: owner.browser.cookie ?? '', 'user-agent': 'x' } });
  await owner.browser.send('POST', '/v1/me/step-up', { body: { totp: '000000', password } });
}

async function exported(browser: Client): Promise<void> {
  const { exportId } = (await browser.must(202, 'POST', '/v1/audit/exports', {
    body: { disclose: ['url', 'sourceIp', 'details'], reason: 'P22' },
  })) as { exportId: string };
  await eventually('The export', async () => {
    const { status } = (await browser.must(200, 'GET', `/v1/audit/exports/${exportId}`)) as {
      status: string;
    };
    return status === 'ready' ? true : undefined;
  });
  const bundle = await browser.send('GET', `/v1/audit/exports/${exportId}/bundle.zip`);
  expect(bundle.status).toBe(200);
  const found = [...secrets].filter(([secret]) => bundle.bytes.includes(secret));
  expect(found.map(([, what]) => what)).toEqual([]);
}

/** Those that the installation made for itself. */
async function secretsOfTheMachine(): Promise<[what: string, secret: string][]> {
  const folder = path.join(system.folder, 'secrets');
  const files = await filesUnder(folder);
  const found = await Promise.all(
    files.map(async (file): Promise<[string, string][]> => {
      const text = await readFile(file, 'utf8');
      if (file.endsWith('-password')) return [[`database password: ${path.basename(file)}`, text.trim()]];
      if (file.endsWith('.kek'))
        return Object.values((JSON.parse(text) as { keys: Record<string, string> }).keys).map((key) => [
          'KEK',
          key,
        ]);
      if (file.endsWith('session-keys'))
        return (JSON.parse(text) as { keys: { key: string }[] }).keys.map(({ key }) => ['cookie key', key]);
      // The middle of the PEM: its head says which algorithm, as every other's does.
      if (file.endsWith('.private.pem'))
        return [['internal private key', text.split('\n')[1]?.slice(24) ?? '']];
      return [];
    }),
  );
  return found.flat();
}
