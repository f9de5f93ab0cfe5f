/**
 * @promise P11 headers that say who calls are taken out, and a token names one operation
 * @promise P23 one entry for each request, and what it says
 * @promise P26 a log-in through the gateway gives the cookie, and shows nobody the session
 */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { problemDocument } from '@vouchsafe/service-host';
import { bootGateway, type RunningGateway } from './gateway.service.js';
import {
  apiKey,
  type GatewaySuite,
  gatewaySuite,
  gaps,
  key,
  member,
  operatorId,
  organizationId,
  sessionSecret,
  storedEntries,
  userId,
} from './testing/gateway-suite.js';

describe('the gateway', () => {
  let suite: GatewaySuite;
  let gateway: RunningGateway;
  let cookie: string;

  beforeAll(async () => {
    suite = await gatewaySuite();
    gateway = await bootGateway({ env: suite.env });
    const logIn = await send('POST', '/v1/sessions', { body: { session: sessionSecret } });
    cookie = logIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  });
  afterAll(async () => {
    await gateway.stop();
    await suite.stop();
  });
  beforeEach(() => {
    suite.services.world.sessions.set(sessionSecret, member);
  });

  const send = async (
    method: string,
    path: string,
    more: { headers?: Record<string, string>; body?: unknown } = {},
  ) => {
    const response = await fetch(`${gateway.url}${path}`, {
      method,
      headers: {
        ...(more.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
    });
    const text = await response.text();
    const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: response.status, headers: response.headers, json, text };
  };
  const withKey = { authorization: `Bearer ${apiKey}` };
  const withCookie = () => ({ cookie, 'sec-fetch-site': 'same-origin' });
  const entryOf = async (requestId: string | null) => {
    const entries = (await storedEntries(suite.database)).filter(
      ({ payload }) => payload.requestId === requestId,
    );
    return entries.map((entry) => ({ organizationId: entry.organization_id, ...entry.payload }));
  };

  it('turns a log-in into an encrypted __Host- cookie and shows nobody the session (P26)', async () => {
    const { status, headers } = await send('POST', '/v1/sessions', { body: { session: sessionSecret } });
    expect(status).toBe(201);
    expect(headers.get('set-cookie')).toMatch(
      /^__Host-vouchsafe-session=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(headers.get('set-cookie')).not.toContain(sessionSecret);
    expect([...headers.keys()].filter((name) => name.startsWith('vouchsafe-'))).toEqual([]);
    // The entry says whose log-in it was, though the request could not.
    expect(await entryOf(headers.get('x-request-id'))).toMatchObject([
      {
        organizationId,
        operation: 'session.create',
        entity: { type: 'session', id: 'session-1' },
        userId,
        outcome: 'success',
        status: 201,
      },
    ]);
  });

  it('serves a session and an API key, and writes one entry for each request (P23)', async () => {
    const bySession = await send('GET', '/v1/things/7?limit=3&token=hush', { headers: { cookie } });
    const byKey = await send('GET', '/v1/things/8', { headers: withKey });
    expect([bySession.json, byKey.json]).toEqual([{ id: '7' }, { id: '8' }]);
    expect(await entryOf(bySession.headers.get('x-request-id'))).toMatchObject([
      {
        organizationId,
        actor: { type: 'user', id: userId },
        userId,
        sessionId: 'session-1',
        method: 'GET',
        route: '/v1/things/{id}',
        operation: 'thing.read',
        entity: { type: 'thing', id: '7' },
        outcome: 'success',
        status: 200,
        part: 'whole',
        // Personal, so sealed where it is stored.
        url: { sealed: expect.any(String) },
        sourceIp: { sealed: expect.any(String) },
      },
    ]);
    expect(await entryOf(byKey.headers.get('x-request-id'))).toMatchObject([
      { actor: key.actor, userId: null },
    ]);
  });

  it('says in the entry how long a user agent and a URL were that it keeps the beginning of (P23)', async () => {
    const agent = 'Größe/1-'.repeat(100);
    const long = await send('GET', '/v1/things/7', {
      headers: { ...withKey, 'user-agent': Buffer.from(agent).toString('latin1') },
    });
    expect(suite.services.world.lastCaller?.userAgent).toBe(agent.slice(0, 512));
    expect(await entryOf(long.headers.get('x-request-id'))).toMatchObject([
      { details: { userAgentLength: 800 } },
    ]);
    // Refused by the service, which knows none of the fields; its entry holds it all the same.
    const query = Array.from({ length: 500 }, (_, nth) => `f${nth}=x`).join('&');
    const asked = await send('GET', `/v1/things/7?${query}`, { headers: withKey });
    const urlLength = `/v1/things/7?${query.replaceAll('=x', '=***')}`.length;
    expect(await entryOf(asked.headers.get('x-request-id'))).toMatchObject([{ details: { urlLength } }]);
    // A change has its entry before it starts, and that one says it, too.
    const change = await send('POST', '/v1/things', {
      headers: { ...withKey, 'user-agent': 'x'.repeat(600) },
      body: {},
    });
    expect(await entryOf(change.headers.get('x-request-id'))).toMatchObject([
      { details: { userAgentLength: 600 } },
    ]);
    const short = await send('GET', '/v1/things/7', {
      headers: { ...withKey, 'user-agent': 'x'.repeat(512) },
    });
    expect(await entryOf(short.headers.get('x-request-id'))).not.toMatchObject([
      { details: expect.anything() },
    ]);
  });

  it('lets nobody outside speak as somebody: identity headers are stripped, the token is for one operation', async () => {
    await send('GET', '/v1/things/7', {
      headers: {
        ...withKey,
        'vouchsafe-internal-token': 'forged',
        'vouchsafe-anything': 'x',
        'x-request-id': 'chosen',
        'x-forwarded-for': '203.0.113.9',
        cookie: `theme=dark; ${cookie}`,
      },
    });
    const { lastHeaders, lastCaller } = suite.services.world;
    expect(lastHeaders).not.toHaveProperty('vouchsafe-anything');
    expect(lastHeaders).not.toHaveProperty('authorization');
    expect(lastHeaders).not.toHaveProperty('x-forwarded-for');
    expect(lastHeaders).not.toHaveProperty('cookie');
    expect(lastHeaders['x-request-id']).not.toBe('chosen');
    expect(lastCaller).toMatchObject({
      actor: key.actor,
      organizationId,
      operation: 'thing.read',
      sourceIp: '127.0.0.1',
    });
  });

  it('passes on the source that a key carries, whatever the request says of it, and what the answer says of limits', async () => {
    const { world } = suite.services;
    world.apiKeys.set('vs_with_source', { ...key, source: 'shop' });
    world.answerHeaders = {
      'ratelimit-policy': '"entries-in-60s";q=100;qu="entries";w=60',
      ratelimit: '"entries-in-60s";r=7;t=3',
    };
    const { headers } = await send('GET', '/v1/things/7', {
      headers: { authorization: 'Bearer vs_with_source', source: 'gateway', 'vouchsafe-source': 'gateway' },
    });
    expect(world.lastCaller).toMatchObject({ actor: key.actor, source: 'shop' });
    expect(Object.fromEntries(headers)).toMatchObject(world.answerHeaders);
    world.answerHeaders = {};
    await send('GET', '/v1/things/7', { headers: withKey });
    expect(world.lastCaller).not.toHaveProperty('source');
  });

  it('finds a session dead at once when identity ends it (ASVS 7.4.1)', async () => {
    expect((await send('GET', '/v1/things/7', { headers: { cookie } })).status).toBe(200);
    suite.services.world.sessions.delete(sessionSecret);
    expect((await send('GET', '/v1/things/7', { headers: { cookie } })).status).toBe(401);
  });

  it('clears the cookie at log-out', async () => {
    const { status, headers } = await send('DELETE', '/v1/sessions/1', { headers: withCookie() });
    expect(status).toBe(204);
    expect(headers.get('set-cookie')).toMatch(/^__Host-vouchsafe-session=; Max-Age=0; Path=\/;/);
  });

  it.each<[string, string, string, () => Record<string, string>, number, string]>([
    ['nobody', 'GET', '/v1/things/7', () => ({}), 401, 'unauthenticated'],
    [
      'an unknown key',
      'GET',
      '/v1/things/7',
      () => ({ authorization: 'Bearer nope' }),
      401,
      'unauthenticated',
    ],
    [
      'another scheme',
      'GET',
      '/v1/things/7',
      () => ({ authorization: 'Basic eDp5' }),
      401,
      'unauthenticated',
    ],
    [
      'a cookie of our own making',
      'GET',
      '/v1/things/7',
      () => ({ cookie: `${cookie}x` }),
      401,
      'unauthenticated',
    ],
    ['an unknown path', 'GET', '/v1/nothing', () => withKey, 404, 'not-found'],
    ['a wrong method', 'DELETE', '/v1/things', () => withKey, 405, 'method-not-allowed'],
    ['a question between services', 'POST', '/internal/sessions/resolve', () => withKey, 404, 'not-found'],
    ['health from outside', 'GET', '/health/ready', () => ({}), 404, 'not-found'],
    ['metrics from outside', 'GET', '/metrics', () => withKey, 404, 'not-found'],
    ['a path with a broken escape', 'GET', '/v1/things/%E0%A4%A', () => withKey, 400, 'malformed-request'],
    [
      'a cookie from another site',
      'POST',
      '/v1/things',
      () => ({ cookie, 'sec-fetch-site': 'cross-site' }),
      403,
      'cross-site-request',
    ],
    [
      'a cookie from an unknown origin',
      'POST',
      '/v1/things',
      () => ({ cookie, origin: 'https://evil.example' }),
      403,
      'cross-site-request',
    ],
  ])('refuses %s, with an entry (P02, P23)', async (_, method, path, headers, status, code) => {
    const before = suite.services.world.executed.length;
    const answer = await send(method, path, {
      headers: headers(),
      ...(method === 'POST' ? { body: { id: 'x' } } : {}),
    });
    expect(answer).toMatchObject({ status, json: { code, requestId: answer.headers.get('x-request-id') } });
    expect(suite.services.world.executed).toHaveLength(before);
    expect(await entryOf(answer.headers.get('x-request-id'))).toMatchObject([
      { status, outcome: status === 401 || status === 403 ? 'denied' : 'failure' },
    ]);
  });

  it.each([
    ['a path', '/v1/things/4242-4242-4242-4242', {}, ''],
    ['a query', '/v1/things/7?limit=4242424242424242', {}, '/limit'],
    [
      'an Idempotency-Key',
      '/v1/things/7',
      { 'idempotency-key': '4242424242424242' },
      'header.Idempotency-Key',
    ],
  ])(
    'refuses a card number in %s itself, and the entry says why (P17)',
    async (_, path, headers, pointer) => {
      const before = suite.services.world.executed.length;
      const answer = await send('GET', path, { headers: { ...withKey, ...headers } });
      expect(answer).toMatchObject({
        status: 400,
        json: { code: 'card-number', errors: [{ pointer, detail: expect.any(String) }] },
      });
      expect([...answer.headers.keys()].filter((name) => name.startsWith('vouchsafe-'))).toEqual([]);
      expect(suite.services.world.executed).toHaveLength(before);
      expect(await entryOf(answer.headers.get('x-request-id'))).toMatchObject([
        { status: 400, outcome: 'failure', details: { refused: 'card-number' } },
      ]);
    },
  );

  it('says what a request with a cookie lacks', async () => {
    const answer = await send('POST', '/v1/things', { headers: { cookie }, body: { id: 'x' } });
    const { detail } = answer.json as { detail: string };
    expect(answer.status).toBe(403);
    for (const words of ['Sec-Fetch-Site: same-origin', '`Origin`', 'VOUCHSAFE_ALLOWED_ORIGINS'])
      expect(detail).toContain(words);
  });

  it('refuses a path that can be read in two ways', async () => {
    // By hand: clients fold dot segments away before they send.
    const { hostname, port } = new URL(gateway.url);
    for (const path of [
      '/v1/things/%2e%2e/x',
      '/v1/things/../x',
      '/v1//things',
      '/v1/things\\..\\x',
      '/v1/things/a%2fb',
    ]) {
      const request = httpRequest({ hostname, port, path, headers: withKey }).end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      expect([path, response.statusCode]).toEqual([path, 400]);
      expect(await entryOf(String(response.headers['x-request-id']))).toMatchObject([{ status: 400 }]);
    }
  });

  it('answers a request that expects what nobody knows as any other, with its entry (RFC 9110 section 10.1.1)', async () => {
    const { hostname, port } = new URL(gateway.url);
    const headers = { ...withKey, expect: 'the impossible' };
    const request = httpRequest({ hostname, port, path: '/v1/things', headers }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    const { status } = await send('GET', '/v1/things', { headers: withKey });
    expect(response.statusCode).toBe(status);
    expect(await entryOf(String(response.headers['x-request-id']))).toMatchObject([{ status }]);
  });

  it('asks for the permission of the route before it passes on, and names the one that is missing', async () => {
    suite.services.world.apiKeys.set('weak', { ...key, permissions: ['members:read'] });
    const answer = await send('POST', '/v1/things', {
      headers: { authorization: 'Bearer weak' },
      body: { id: 'x' },
    });
    expect(answer).toMatchObject({
      status: 403,
      json: { code: 'forbidden', detail: expect.stringMatching(/members:write\b.* API key /) },
    });
  });

  it('takes changes with a cookie from its own pages and from configured origins', async () => {
    for (const headers of [withCookie(), { cookie, origin: 'https://console.example' }]) {
      expect((await send('POST', '/v1/things', { headers, body: { id: 'y' } })).status).toBe(201);
    }
  });

  it('answers a preflight of a configured origin alone', async () => {
    const ask = (origin: string) =>
      send('OPTIONS', '/v1/things', { headers: { origin, 'access-control-request-method': 'POST' } });
    const known = await ask('https://console.example');
    expect(known.status).toBe(204);
    expect(known.headers.get('access-control-allow-origin')).toBe('https://console.example');
    expect(known.headers.get('access-control-allow-methods')).toBe('POST');
    expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('says the entity that only the answer knows, and tells a change once', async () => {
    const answer = await send('POST', '/v1/things', { headers: withKey, body: { id: 'new' } });
    expect(await entryOf(answer.headers.get('x-request-id'))).toMatchObject([
      { operation: 'thing.make', entity: { type: 'thing', id: 'new' }, outcome: 'success', status: 201 },
    ]);
    expect(await openEntries()).toEqual([]);
  });

  it.each([
    ['whose length is said', false],
    ['in chunks', true],
  ])('refuses a body that is too large, %s', async (_, chunked) => {
    const body = JSON.stringify({ id: 'x'.repeat(50_000) });
    const response = await fetch(`${gateway.url}/v1/things`, {
      method: 'POST',
      headers: { ...withKey, 'content-type': 'application/json' },
      body: chunked ? new Blob([body]).stream() : body,
      duplex: 'half',
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'content-too-large' });
    expect(await openEntries()).toEqual([]);
  });

  it('opens an entry before a stream and closes it with what was shown', async () => {
    const { status, text, headers } = await send('GET', '/v1/things/7/content', { headers: withKey });
    expect([status, text.length]).toEqual([200, 4000]);
    await until(async () => (await openEntries()).length === 0);
    expect(await entryOf(headers.get('x-request-id'))).toMatchObject([
      { part: 'stream-opened', outcome: 'success', bytes: null },
      { part: 'stream-closed', outcome: 'success', bytes: 4000 },
    ]);
  });

  it('writes the entry of a request whose client went away', async () => {
    suite.services.world.delay = 300;
    const leave = new AbortController();
    const count = suite.services.world.executed.length;
    const gone = fetch(`${gateway.url}/v1/things`, {
      method: 'POST',
      headers: { ...withKey, 'content-type': 'application/json' },
      body: '{"id":"gone"}',
      signal: leave.signal,
    }).catch(() => 'gone');
    await until(() => Promise.resolve(suite.services.world.executed.length > count));
    leave.abort();
    expect(await gone).toBe('gone');
    await until(async () => (await openEntries()).length === 0);
    suite.services.world.delay = 0;
    const requestId = suite.services.world.executed.at(-1)?.requestId ?? '';
    expect(await entryOf(requestId)).toMatchObject([{ outcome: 'success', status: 201 }]);
  });

  it('keeps requests of nobody in the log of the operator', async () => {
    const { headers } = await send('GET', '/v1/nothing');
    expect(await entryOf(headers.get('x-request-id'))).toMatchObject([
      { organizationId: operatorId, operation: 'unknown', route: null, actor: { type: 'anonymous' } },
    ]);
  });

  it('shows its document and a page that needs no internet, under strict headers', async () => {
    const document = await send('GET', '/openapi.json');
    expect(document.json).toMatchObject({
      openapi: '3.1.0',
      paths: { '/v1/things/{id}': { get: { 'x-operation': 'thing.read' } } },
    });
    expect(document.text).not.toContain('/internal/');
    const page = await send('GET', '/docs');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('strict-transport-security')).toContain('max-age=');
    for (const [, source] of page.text.matchAll(/(?:src|href)="([^"#][^"]*)"/g)) {
      expect(source).toMatch(/^\/(?:docs\/|openapi\.json$)/);
      expect((await send('GET', source ?? '')).status).toBe(200);
      const head = await send('HEAD', source ?? '');
      expect([head.status, head.text]).toEqual([200, '']);
    }
    expect((await send('HEAD', '/docs')).headers.get('content-type')).toBe(page.headers.get('content-type'));
    expect((await send('HEAD', '/docs/none.js')).status).toBe(400);
  });

  it('shows each error once, and each operation links to those that it can answer with', async () => {
    const { text } = await send('GET', '/docs');
    const anchors = [...text.matchAll(/ id="(error[^"]*)"/g)].map(([, id]) => id);
    expect(new Set(anchors).size).toBe(anchors.length);
    // No operation answers with it, because there is none.
    expect(anchors).toContain('error-method-not-allowed');
    for (const member of Object.keys(problemDocument.shape)) expect(text).toContain(`<code>${member}</code>`);
    const [whole, read] = [
      (await send('GET', '/openapi.json')).json,
      (await send('GET', '/docs/document.json')).json,
    ];
    const operationsIn = (document: unknown) =>
      Object.entries((document as { paths: Record<string, Record<string, Described>> }).paths).flatMap(
        ([path, item]) =>
          Object.entries(item).map(([method, operation]) => [`${method} ${path}`, operation] as const),
      );
    const shown = new Map(operationsIn(read));
    expect(operationsIn(whole).length).toBeGreaterThan(4);
    for (const [name, operation] of operationsIn(whole)) {
      const successes = Object.entries(operation.responses).filter(([status]) => status < '400');
      expect(shown.get(name)?.responses).toEqual(Object.fromEntries(successes));
      const { description = '' } = shown.get(name) ?? {};
      const links = [...description.matchAll(/\(#([^)]+)\)/g)].map(([, id]) => id);
      for (const link of links) expect(anchors).toContain(link);
      // Those of the operation, and those that the page says once of every one.
      for (const code of operation['x-problems']) {
        const common = operationsIn(whole).every(([, other]) => other['x-problems'].includes(code));
        expect([name, code, links.includes(`error-${code}`)]).toEqual([name, code, !common]);
        expect(anchors).toContain(`error-${code}`);
      }
      // Without scripts, too.
      expect(text).toContain(`<code>${name.replace(/^\w+/, (method) => method.toUpperCase())}</code>`);
    }
  });

  it('tells health and metrics on its inner port alone', async () => {
    expect((await fetch(`${gateway.internalUrl}/health/ready`)).status).toBe(200);
    expect(await (await fetch(`${gateway.internalUrl}/metrics`)).text()).toContain(
      'gateway_unrecorded_total',
    );
  });

  it('has numbered all entries without a gap', async () => {
    const entries = await storedEntries(suite.database);
    expect(entries.length).toBeGreaterThan(20);
    expect(gaps(entries)).toEqual([]);
  });

  it('goes on counting from one month to the next, each month in a partition of its own (P04)', async () => {
    let now = new Date();
    const moving = await bootGateway({ env: suite.env, clock: { now: () => now } });
    const live = () => fetch(`${moving.url}/v1/members`, { headers: withKey });
    await live();
    now = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
    await live();
    await moving.stop();
    const rows = await suite.database.asWorker((sql) =>
      sql.query<{ partition: string; version: number }>(
        `select tableoid::regclass::text as partition, version from event where stream like $1 order by version`,
        [`%-${moving.instanceId}`],
      ),
    );
    expect(rows.map(({ version }) => version)).toEqual([1, 2]);
    expect(new Set(rows.map(({ partition }) => partition)).size).toBe(2);
    for (const { partition } of rows) expect(partition).toMatch(/^event_access_log_\d{4}_\d\d$/);
  });

  const openEntries = () => suite.database.asWorker((sql) => sql.query('select request_id from open_entry'));
  const until = async (true_: () => Promise<boolean>) => {
    for (let tries = 0; tries < 100; tries += 1) {
      if (await true_()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('It did not come true');
  };
});

interface Described {
  readonly description?: string;
  readonly responses: Readonly<Record<string, unknown>>;
  readonly 'x-problems': readonly string[];
}
