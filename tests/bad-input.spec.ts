/** @promise P28 hostile input to every operation is refused and changes nothing */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problemDocument, type ProblemCode, problems } from '@vouchsafe/service-host';
import { ambiguousBodies, badBodies, badPaths, badQueries, rawBodies } from './bad-input.cases.ts';
import { prepare, type Request, send } from './openapi.fixtures.ts';
import { makeWorld, type World } from './openapi.world.ts';
import type { Answer, Client } from './system/client.ts';
import { goldenOperations, type Operation, pathOf } from './system/openapi.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const operations = goldenOperations();
/** Stands in every bad value; what is answered must not repeat it. */
const canary = 'canary-7f3a';

let system: SystemUnderTest;
let world: World;
beforeAll(async () => {
  system = await startForTests();
  world = await makeWorld(system);
}, 180_000);
afterAll(() => system.stop(), 60_000);

describe('bad input', () => {
  it.each(operations.map((operation) => [operation.name, operation] as const))(
    'to %s is refused by a problem that its document lists, and changes nothing',
    async (_, operation) => {
      const request = await prepare(operation, world);
      const wrongs: string[] = [];
      const expectProblem = (what: string, answer: Answer, ...codes: readonly ProblemCode[]) => {
        const fault = faultOf(operation, answer, codes);
        if (fault) wrongs.push(`${what}: ${fault}`);
      };
      await inTurns(bodiesFor(operation, request), async ([what, sent]) => {
        const answer = await request.as.send(operation.method, pathOf(operation, request.params), {
          query: request.query,
          ...sent,
          headers: { ...request.headers, ...sent.headers },
        });
        expectProblem(
          what,
          answer,
          'malformed-request',
          'invalid-request',
          'content-too-large',
          'unsupported-media-type',
        );
      });
      await inTurns(ambiguousBodies(request.body ?? {}), async ([what, body, pointer]) => {
        if (!operation.acceptsBody || operation.isSigned) return;
        const answer = await request.as.send(operation.method, pathOf(operation, request.params), {
          query: request.query,
          body,
          headers: { ...request.headers, 'content-type': 'application/json' },
        });
        expectProblem(what, answer, 'invalid-request');
        const { errors } = answer.json() as { errors?: readonly { readonly pointer: string }[] };
        if (errors?.length !== 1 || errors[0]?.pointer !== pointer)
          wrongs.push(`${what}: not told where: ${answer.text}`);
      });
      await inTurns(badPaths(operation, request.params ?? {}, canary), async ([what, params]) => {
        expectProblem(what, await send(operation, { ...request, params }), ...notThere(operation));
      });
      await inTurns(badQueries(operation, canary), async ([what, query]) => {
        expectProblem(what, await send(operation, { ...request, query }), 'invalid-request');
      });
      expect(wrongs).toEqual([]);
      // None of it was executed: what the request needs is still there.
      const answer = await send(operation, request);
      expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^(${operation.successes.join('|')}) `));
    },
    120_000,
  );
});

describe('a wrong method', () => {
  const byPath = Map.groupBy(operations, (operation) => operation.path);
  it.each([...byPath])('on %s is answered with those that are right', async (_, some) => {
    const [operation] = some;
    if (!operation) throw new Error('A path without an operation');
    const path = operation.path.replaceAll(/\{(\w+)\}/g, () => randomUUID());
    const right = some.map(({ method }) => method);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      if (right.includes(method)) continue;
      const answer = await world.owner.browser.send(method, path);
      expect([method, answer.status, answer.headers.allow]).toEqual([
        method,
        405,
        [...right].sort().join(', '),
      ]);
      expect(answer.json()).toMatchObject({ code: 'method-not-allowed' });
    }
  });
});

describe('a path that nobody declared', () => {
  it.each([
    '/',
    '/v1',
    '/v2/me',
    '/v1/me/',
    '/v1//me',
    '/v1/./me',
    '/v1/members/../me',
    '/v1/members/%2e%2e/me',
    '/v1/%6d%65',
    '/V1/me',
    '/v1/me;a=b',
    '/v1/me%00',
    '/v1/me%ff',
    '/v1/me/%zz',
    '/internal/lanes/0',
    '/v1/internal/lanes/0',
    '/__proto__',
    '/v1/constructor',
    `/v1/members/${'x'.repeat(600)}`,
  ])('leads nowhere: %s', async (path) => {
    const answer = await world.owner.browser.send('GET', path);
    expect([400, 404, 414]).toContain(answer.status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });
});

describe('an Idempotency-Key', () => {
  const creating = operations.filter(({ takesIdempotencyKey }) => takesIdempotencyKey);
  it.each(creating.map((operation) => [operation.name, operation] as const))(
    'of %s gives the first answer again, without what is shown once, and takes no other request',
    async (_, operation) => {
      const request = await prepare(operation, world);
      const first = await send(operation, request);
      const second = await send(operation, request);
      expect([second.status, withoutSecrets(second)]).toEqual([first.status, withoutSecrets(first)]);
      for (const secret of secretsIn(first)) expect(second.text).not.toContain(secret);
      if (!request.body || operation.takesFile) return;
      const other = await send(operation, { ...request, body: changed(request.body) });
      expect(other.json()).toMatchObject({ status: 409, code: 'idempotency-key-reused' });
    },
    60_000,
  );

  const charging = operations.filter(({ needsIdempotencyKey }) => needsIdempotencyKey);
  it.each(charging.map((operation) => [operation.name, operation] as const))(
    'must be sent with %s, which is paid at once',
    async (_, operation) => {
      const request = await prepare(operation, world);
      const answer = await send(operation, { ...request, headers: {} });
      expect(answer.json()).toMatchObject({
        ...{ code: 'invalid-request', reason: 'idempotency-key-required' },
        errors: [{ pointer: 'header.Idempotency-Key' }],
      });
      expect((await send(operation, request)).status).toBe(201);
    },
    60_000,
  );

  it('is text of a bounded length', async () => {
    for (const key of ['', 'x'.repeat(256), 'with space', 'ümlaut']) {
      const answer = await world.owner.browser.send('POST', '/v1/invitations', {
        body: { email: `${randomUUID()}@example.com`, role: 'member' },
        headers: { 'idempotency-key': Buffer.from(key).toString('latin1') },
      });
      expect([key.slice(0, 10), answer.status]).toEqual([key.slice(0, 10), 400]);
    }
  });
});

function bodiesFor(
  operation: Operation,
  { body }: Request,
): [string, Parameters<Client['send']>[2] & object][] {
  const { acceptsBody } = operation;
  // Whatever the bytes are, the signature is over others.
  if (operation.isSigned) return [['other bytes', { body: `{"surplus":"${canary}"}` }]];
  // Whatever the bytes are, they are a file.
  if (operation.takesFile)
    return [['compressed, it says', { body: canary, headers: { 'content-encoding': 'gzip' } }]];
  // A body of a GET has no meaning, and is not passed on.
  if (operation.method !== 'GET' && !acceptsBody) {
    const unread = { body: `{"surplus":"${canary}"}`, headers: { 'content-type': 'application/json' } };
    return [['a body that nobody reads', unread], ...rawBodies({ surplus: 1 }, canary).filter(saysSomething)];
  }
  if (!acceptsBody || body === undefined) return [];
  return [
    ...badBodies(body, canary)
      .filter(([, bad]) => !acceptsBody(bad))
      .map(([what, bad]): [string, { body: string; headers: Record<string, string> }] => [
        what,
        { body: JSON.stringify(bad), headers: { 'content-type': 'application/json' } },
      ]),
    ...rawBodies(body, canary),
  ];
}

/** Where no body is read, none is what is expected. */
function saysSomething([, { body }]: readonly [string, { readonly body?: unknown }]): boolean {
  return body !== '';
}

/** What may be said of an id that is malformed or of nothing. */
function notThere({ problems: listed }: Operation): ProblemCode[] {
  const codes: ProblemCode[] = [
    'malformed-request',
    'invalid-request',
    'not-found',
    'url-too-long',
    'method-not-allowed',
  ];
  return listed.has('gone') ? [...codes, 'gone'] : codes;
}

/** Codes of the public server itself, which refuses before it knows the operation. */
const ofThePublicServer = new Set<string>([
  'not-found',
  'method-not-allowed',
  'url-too-long',
  'malformed-request',
]);

/** What is wrong with an answer to bad input; undefined when nothing is. */
function faultOf(operation: Operation, answer: Answer, codes: readonly ProblemCode[]): string | undefined {
  if (answer.status < 400) return `taken, with ${answer.status}`;
  if (answer.headers['content-type'] !== 'application/problem+json')
    return `no problem document: ${answer.text}`;
  const read = problemDocument.safeParse(answer.json());
  if (!read.success) return `not a problem document: ${answer.text}`;
  const { code, status, title, type, requestId } = read.data;
  const known = problems[code as ProblemCode] as (typeof problems)[ProblemCode] | undefined;
  if (!known) return `an unknown code ${code}`;
  if (!codes.includes(code as ProblemCode)) return `answered ${answer.text}`;
  if (!operation.problems.has(code) && !ofThePublicServer.has(code)) return `${code} is not listed`;
  if (status !== answer.status || status !== known.status || title !== known.title)
    return `status ${status} of ${code}`;
  if (type !== `urn:vouchsafe:problem:${code}`) return `type ${type}`;
  if (requestId === null || requestId !== answer.headers['x-request-id']) return `request id ${requestId}`;
  if (answer.text.includes(canary)) return `repeats a value: ${answer.text}`;
  if (/\bat .+[:(]\d+|node_modules|\.[jt]s\b|select |insert |Error:/i.test(answer.text))
    return `shows its internals: ${answer.text}`;
  return undefined;
}

async function inTurns<T>(cases: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...cases];
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

const shownOnce = ['key', 'path', 'secret', 'otpauthUri'] as const;

function secretsIn(answer: Answer): string[] {
  const body = answer.json() as Record<string, unknown>;
  return shownOnce.flatMap((name) => (typeof body[name] === 'string' ? [body[name]] : []));
}

function withoutSecrets(answer: Answer): object {
  const body = answer.json() as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(body).filter(([name]) => !(shownOnce as readonly string[]).includes(name)),
  );
}

/** The same kind of request, with another name or role or reason. */
function changed(body: object): object {
  const text = JSON.stringify(body);
  const other = [
    [/"role":"member"/, '"role":"auditor"'],
    [/"name":"[^"]+"/, '"name":"Somebody Else"'],
    [/"reason":"[^"]+"/, '"reason":"Another"'],
    [/"quantity":\d+/, '"quantity":7'],
    [/"partSize":\d+/, '"partSize":2097152'],
    [/"mode":"setup"/, '"mode":"subscription","priceId":"price_team"'],
    [/"at":"period-end"/, '"at":"now"'],
    [/"kind":"access"/, '"kind":"portability"'],
    [/"returnUrl":"([^"]+)"/, '"returnUrl":"$1/other"'],
  ] as const;
  const found = other.find(([pattern]) => pattern.test(text));
  if (!found) throw new Error('Nothing to change');
  const [pattern, replacement] = found;
  return JSON.parse(text.replace(pattern, replacement)) as object;
}
