/**
 * @promise P05 metrics hold nobody's id
 * @promise P11 the services answer nobody without a token, and the internal port is not reachable in public
 */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { innerServiceNames, type ServiceName, serviceNames } from '@vouchsafe/contracts';
import { type Answer, Client } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { goldenOperations } from './system/openapi.ts';
import { signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

let system: SystemUnderTest;
let anybody: Client;
const internal = (service: ServiceName) => new Client(system.service(service).healthUrl);
beforeAll(async () => {
  system = await startForTests({}, { killsServices: true });
  anybody = new Client(system.url);
}, 180_000);
afterAll(() => system.stop(), 60_000);

describe.each(serviceNames)('the internal server of %s', (service) => {
  it('says that it lives and can serve', async () => {
    for (const path of ['/health/live', '/health/ready']) {
      expect([path, (await internal(service).send('GET', path)).status]).toEqual([path, 200]);
    }
  });

  it('shows metrics that Prometheus reads, with no id of anybody in them', async () => {
    const { organizationId, userId } = await signUp(system);
    const { status, text, headers } = await internal(service).send('GET', '/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of text.split('\n').filter(Boolean)) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) |[a-z_:][a-z0-9_:]*(\{[^}]*\})? -?[0-9.e+-]+|.* (NaN|[+-]Inf)$)/i,
      );
    }
    for (const id of [organizationId, userId]) expect(text).not.toContain(id);
  });

  it('is not reachable through the public server', async () => {
    for (const path of [
      ...['/health/live', '/health/ready', '/metrics', '/internal/lanes/0'],
      `/internal/transit-keys?ids=${randomUUID()}`,
    ]) {
      expect([path, (await anybody.send('GET', path)).status]).toEqual([path, 404]);
    }
    expect(
      (await anybody.send('POST', '/internal/sessions/resolve', { body: { session: 'x' } })).status,
    ).toBe(404);
  });
});

describe.each(innerServiceNames)('%s itself', (service) => {
  it('answers nobody who comes without a token of the gateway (P11)', async () => {
    // What a service answers whom it does not know is no part of the API's document.
    const direct = (path: string, headers: Record<string, string> = {}) =>
      fetch(system.service(service).url + path, { headers });
    for (const path of [
      '/v1/members',
      '/v1/legal-documents',
      '/v1/audit/entries',
      '/internal/lanes/0?from=1',
      `/internal/transit-keys?ids=${randomUUID()}`,
    ]) {
      expect([401, 404]).toContain((await direct(path)).status);
    }
    const known = goldenOperations([service]).find(
      ({ method, path }) => method === 'GET' && !path.includes('{'),
    )?.path;
    if (known === undefined) throw new Error(`${service} has no list to read`);
    for (const token of ['x', 'eyJhbGciOiJub25lIn0.e30.', `eyJhbGciOiJFZERTQSJ9.e30.${'A'.repeat(86)}`]) {
      const answer = await direct(known, { 'vouchsafe-internal-token': token });
      expect(answer.status).toBe(401);
    }
  });
});

describe('every answer', () => {
  const expectHeaders = ({ headers }: Answer) =>
    expect(headers).toMatchObject({
      'strict-transport-security': expect.stringMatching(/^max-age=\d{8,}/),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'referrer-policy': 'no-referrer',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });

  it('says to browsers what they may do with it, whatever it is', async () => {
    for (const path of ['/v1/legal-documents', '/v1/me', '/nowhere', '/openapi.json', '/docs', '/v1/me%00'])
      expectHeaders(await anybody.send('GET', path));
    expectHeaders(
      await anybody.send('POST', '/v1/sign-up', {
        body: '{',
        headers: { 'content-type': 'application/json' },
      }),
    );
  });

  it('allows no other site to read it', async () => {
    const headers = { origin: 'https://elsewhere.example' };
    for (const [method, more] of [
      ['GET', {}],
      ['OPTIONS', { 'access-control-request-method': 'GET' }],
    ] as const) {
      const answer = await anybody.send(method, '/v1/legal-documents', { headers: { ...headers, ...more } });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('does not come to what another site made a browser send (ASVS 3.5.1)', async () => {
    const { browser } = await signUp(system);
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' },
      { 'sec-fetch-site': 'same-site', origin: 'https://sub.localhost' },
      { 'sec-fetch-site': 'none' },
    ]) {
      const answer = await browser.send('PATCH', '/v1/me', { body: { name: 'Mallory' }, headers });
      expect(answer.json()).toMatchObject({ status: 403, code: 'cross-site-request' });
    }
  });
});

const mediaTypes: Readonly<Record<string, RegExp>> = {
  '.css': /^text\/css/,
  '.png': /^image\/png$/,
  '.json': /^application\/json/,
};

describe('the page that shows the API', () => {
  it('loads what is its own alone, and needs no internet', async () => {
    const page = await anybody.send('GET', '/docs');
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(/script-src ([^;]+)/.exec(policy)?.[1]).toBe("'self'");
    expect(page.text).not.toMatch(/https?:\/\/|<script>|\son\w+=/);
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(([, url]) => url ?? '');
    expect(loaded.length).toBeGreaterThan(2);
    for (const url of loaded) {
      const { status, headers, bytes } = await anybody.send('GET', url);
      expect([url, status]).toEqual([url, 200]);
      expect(headers['content-type']).toMatch(mediaTypes[path.extname(url)] ?? /^text\/javascript/);
      expect(bytes.length).toBeGreaterThan(50);
    }
    expect((await anybody.send('GET', '/docs/start.js')).text).toContain("url: '/docs/document.json'");
    const { openapi } = (await anybody.must(200, 'GET', '/docs/document.json')) as { openapi: string };
    expect(openapi).toBe('3.1.0');
  });
});

describe('a consumer that is asked to stop', () => {
  it('has left its group when it has ended, so that others need not wait for it to be taken for dead', async () => {
    const members = async () => {
      const [row] = await system.rows<{ count: number }>(
        'bus',
        `select count(*)::int as count from group_member where group_name = 'audit'`,
      );
      return row?.count;
    };
    const second = await system.another('audit');
    await eventually('The second member', async () => ((await members()) === 2 ? true : undefined));
    await second.stop();
    expect(await second.exited).toBe('exit code 0');
    expect(await members()).toBe(1);
  }, 120_000);
});

describe('without a service that others need', () => {
  it('the gateway lives, answers what it can, says what it cannot, and serves again afterwards', async () => {
    const { browser } = await signUp(system);
    system.service('audit').kill('SIGKILL');
    await system.service('audit').exited;
    const audit = await browser.send('GET', '/v1/audit/logs');
    expect(audit.json()).toMatchObject({ status: 503, code: 'unavailable' });
    expect((await browser.send('GET', '/v1/me')).status).toBe(200);
    expect((await internal('gateway').send('GET', '/health/live')).status).toBe(200);
    await system.restart('audit');
    await eventually('An answer of audit', async () => {
      const answer = await browser.send('GET', '/v1/audit/logs');
      return answer.status === 200 ? true : undefined;
    });
  }, 120_000);
});
