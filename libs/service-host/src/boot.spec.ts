/**
 * @promise P02 a service with an undeclared route or handler does not boot
 * @promise P11 no token, one for another service or without the permission, and a service that speaks for a user are refused
 * @promise P20 a moved clock stops the boot outside of testing
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  Body,
  Controller,
  Delete,
  Get,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  Param,
  Post,
  Query,
} from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditFacts } from '@vouchsafe/contracts';
import { ReactsTo } from '@vouchsafe/messaging';
import { z } from 'zod';
import {
  anonymous,
  bootService,
  Clock,
  Caller,
  consume,
  describeService,
  ensureInternalKeys,
  Operation,
  pageOf,
  pageQuery,
  type PageQuery,
  problem,
  type RunningService,
  type ServiceDefinition,
} from './index.js';
import { InternalTokens, readPrivateKey } from './internal-token.js';

const lampId = z.strictObject({ id: z.uuid() });
const lamp = z.strictObject({ id: z.uuid(), on: z.boolean() });
const newLamp = z.strictObject({ on: z.boolean(), color: z.enum(['red', 'green']).optional() });
const id = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';

@Controller('v1/lamps')
class LampController {
  @Get()
  @Operation({
    permission: 'members:read',
    operation: 'lamp.list',
    entity: { type: 'lamp', id: null },
    effect: 'read',
    summary: 'Lists lamps',
    answers: { 200: pageOf(lamp) },
  })
  list(@Query({ schema: pageQuery }) query: PageQuery, @Caller() caller: Caller) {
    return { items: [], next: `${caller.source ?? caller.actor.id} ${query.limit}` };
  }

  @Get(':id')
  @Operation({
    permission: 'self',
    operation: 'lamp.read',
    entity: { type: 'lamp', id: 'path.id' },
    effect: 'read',
    summary: 'Reads a lamp',
    answers: { 200: lamp },
    problems: ['not-found'],
  })
  read(@Param({ schema: lampId }) params: z.output<typeof lampId>) {
    if (params.id === id) return { id, on: true };
    throw problem('not-found');
  }

  @Delete(':id')
  @Operation({
    permission: 'self',
    operation: 'lamp.break',
    entity: { type: 'lamp', id: 'path.id' },
    effect: 'write',
    summary: 'Breaks a lamp',
    answers: { 200: lamp },
  })
  break(@Param({ schema: lampId }) params: z.output<typeof lampId>) {
    return { id: params.id, on: false };
  }

  @Post()
  @Operation({
    permission: 'public',
    operation: 'lamp.make',
    entity: { type: 'lamp', id: 'response.id' },
    effect: 'write',
    summary: 'Makes a lamp',
    answers: { 201: lamp },
    idempotent: true,
  })
  make(@Body({ schema: newLamp }) body: z.output<typeof newLamp>) {
    if (!body.on) throw new Error('secret-of-the-house');
    return { id, on: body.on };
  }
}

@Module({ controllers: [LampController] })
class LampModule {}

const definition = {
  name: 'lamps',
  title: 'Lamps',
  config: z.object({ VOUCHSAFE_LAMP_COLOR: z.enum(['red', 'green']).default('red') }),
  module: () => LampModule,
} satisfies ServiceDefinition<z.ZodObject>;

describe('a booted service', () => {
  let env: Record<string, string>;
  let service: RunningService;
  let gateway: InternalTokens;
  let identity: InternalTokens;
  const facts = { ...anonymous, requestId: 'r-1', sourceIp: null, userAgent: null };
  const user = {
    ...facts,
    organizationId: id,
    actor: { type: 'user' as const, id },
    authenticationLevel: 'two-factor' as const,
    permissions: ['members:read' as const],
  };

  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-host-'));
    const keys = await ensureInternalKeys(folder, ['gateway', 'identity', 'lamps']);
    env = {
      PORT: '0',
      VOUCHSAFE_LOG_LEVEL: 'silent',
      VOUCHSAFE_BODY_LIMIT: '2048',
      VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: keys.publicKeysFile,
      VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: keys.privateKeyFile('lamps'),
    };
    service = await bootService(definition, { env, handleSignals: false });
    const tokens = async (name: string) =>
      new InternalTokens(name, await readPrivateKey(keys.privateKeyFile(name)), () => new Date());
    [gateway, identity] = await Promise.all([tokens('gateway'), tokens('identity')]);
  });
  afterAll(() => service.stop());

  it('has the machine’s clock moved in testing alone (P20)', async () => {
    const file = path.join(await mkdtemp(path.join(tmpdir(), 'vouchsafe-clock-')), 'offset');
    await writeFile(file, '3600000\n');
    const moved = { ...env, VOUCHSAFE_CLOCK_OFFSET_FILE: file };
    for (const VOUCHSAFE_ENVIRONMENT of ['production', 'development'])
      await expect(
        bootService(definition, { env: { ...moved, VOUCHSAFE_ENVIRONMENT }, handleSignals: false }),
      ).rejects.toThrow('can be set in the testing environment only');
    const testing = { ...moved, VOUCHSAFE_ENVIRONMENT: 'testing' };
    const ahead = await bootService(definition, { env: testing, handleSignals: false });
    const hour = () => Math.round((ahead.app.get(Clock).now().getTime() - Date.now()) / 3_600_000);
    expect(hour()).toBe(1);
    await writeFile(file, '-3600000\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(hour()).toBe(-1);
    await ahead.stop();
  });

  it('that cannot listen ends what it has started', async () => {
    const events: string[] = [];
    @Injectable()
    class Worker implements OnModuleInit, OnApplicationShutdown {
      onModuleInit(): void {
        events.push('started');
      }
      onApplicationShutdown(): void {
        events.push('ended');
      }
    }
    @Module({ providers: [Worker] })
    class WorkerModule {}
    const taken = { ...env, PORT: new URL(service.url).port };
    await expect(
      bootService({ ...definition, module: () => WorkerModule }, { env: taken, handleSignals: false }),
    ).rejects.toThrow('EADDRINUSE');
    expect(events).toEqual(['started', 'ended']);
  });

  const send = async (
    method: string,
    url: string,
    token: string | null,
    body?: string | Uint8Array,
    type = 'application/json',
  ) => {
    const response = await fetch(`${service.url}${url}`, {
      method,
      headers: {
        ...(token === null ? {} : { 'vouchsafe-internal-token': token }),
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: body as string }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  const asUser = () => gateway.sign('lamps', user);
  const asNobody = () => gateway.sign('lamps', facts);

  it('answers a caller whom the gateway vouches for', async () => {
    const answer = await send('GET', '/v1/lamps?limit=7', await asUser());
    expect(answer).toMatchObject({ status: 200, body: { items: [], next: `${id} 7` } });
  });

  it('hears the source that a key carries beside the caller, whom the release before it reads strictly', async () => {
    const token = await gateway.sign('lamps', { ...user, source: 'shop' });
    expect(await send('GET', '/v1/lamps?limit=7', token)).toMatchObject({
      status: 200,
      body: { next: 'shop 7' },
    });
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      caller: object;
    };
    expect(payload.caller).not.toHaveProperty('source');
  });

  it.each([
    ['no token', () => Promise.resolve(null), 401, 'unauthenticated'],
    ['a token for another service', () => gateway.sign('audit', user), 401, 'unauthenticated'],
    ['a service that speaks for a user', () => identity.sign('lamps', user), 401, 'unauthenticated'],
    ['an anonymous caller', () => asNobody(), 401, 'unauthenticated'],
    [
      'a caller without the permission',
      () => gateway.sign('lamps', { ...user, permissions: [] }),
      403,
      'forbidden',
    ],
    ['a service', () => identity.signAsService('lamps'), 403, 'forbidden'],
    [
      'a session without its second factor',
      () => gateway.sign('lamps', { ...user, authenticationLevel: 'enrolment' }),
      403,
      'second-factor-required',
    ],
    [
      'a member of an organization that has ended (P31)',
      () => gateway.sign('lamps', { ...user, permissions: [], organizationInactive: true }),
      403,
      'organization-inactive',
    ],
  ])('refuses %s (P02, P11, ASVS 9.2.3)', async (_, token, status, code) => {
    const answer = await send('GET', '/v1/lamps', await token());
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('refuses a token that is older than 60 s', async () => {
    const file = env.VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE?.replace('lamps', 'gateway') ?? '';
    const old = new InternalTokens(
      'gateway',
      await readPrivateKey(file),
      () => new Date(Date.now() - 70_000),
    );
    expect(await send('GET', '/v1/lamps', await old.sign('lamps', user))).toMatchObject({ status: 401 });
  });

  it('speaks with a fresh token when its clock went back an hour', async () => {
    const file = env.VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE?.replace('lamps', 'identity') ?? '';
    let ahead = 3_600_000;
    const tokens = new InternalTokens(
      'identity',
      await readPrivateKey(file),
      () => new Date(Date.now() + ahead),
    );
    const ofTheFuture = await tokens.signAsService('lamps');
    ahead = 0;
    expect(await tokens.signAsService('lamps')).not.toBe(ofTheFuture);
    expect(await send('GET', '/v1/lamps', ofTheFuture)).toMatchObject({ status: 401 });
  });

  it.each<[string, string, string, string | Uint8Array | undefined, string | undefined, number, string]>([
    ['an unknown field', 'POST', '/v1/lamps', '{"on":true,"x":1}', undefined, 400, 'invalid-request'],
    ['a missing body', 'POST', '/v1/lamps', undefined, undefined, 400, 'invalid-request'],
    ['broken JSON', 'POST', '/v1/lamps', '{"on":', undefined, 400, 'malformed-request'],
    [
      'invalid UTF-8',
      'POST',
      '/v1/lamps',
      new Uint8Array([0x22, 0xff, 0x22]),
      undefined,
      400,
      'malformed-request',
    ],
    ['a NUL in a text', 'POST', '/v1/lamps', '{"on":"\\u0000"}', undefined, 400, 'invalid-request'],
    ['half a surrogate pair', 'POST', '/v1/lamps', '{"on":"\\ud800"}', undefined, 400, 'invalid-request'],
    ['a prototype key', 'POST', '/v1/lamps', '{"__proto__":{"on":true}}', undefined, 400, 'invalid-request'],
    ['a byte-order mark', 'POST', '/v1/lamps', '\ufeff{"on":true}', undefined, 400, 'malformed-request'],
    [
      'a constructor beside what is known',
      'POST',
      '/v1/lamps',
      '{"on":true,"constructor":1}',
      undefined,
      400,
      'invalid-request',
    ],
    [
      'a prototype beside what is known',
      'POST',
      '/v1/lamps',
      '{"on":true,"prototype":1}',
      undefined,
      400,
      'invalid-request',
    ],
    [
      'a constructor in the query',
      'GET',
      '/v1/lamps?constructor=1',
      undefined,
      undefined,
      400,
      'invalid-request',
    ],
    [
      'a prototype in the query',
      'GET',
      '/v1/lamps?__proto__=1',
      undefined,
      undefined,
      400,
      'invalid-request',
    ],
    [
      'a body that the operation does not read',
      'DELETE',
      `/v1/lamps/${id}`,
      '{"because":"broken"}',
      undefined,
      400,
      'invalid-request',
    ],
    [
      'another charset',
      'POST',
      '/v1/lamps',
      '{"on":true}',
      'application/json; charset=iso-8859-1',
      415,
      'unsupported-media-type',
    ],
    [
      'another charset behind a good one',
      'POST',
      '/v1/lamps',
      '{"on":true}',
      'application/json; charset=utf-8; charset="utf-16"',
      415,
      'unsupported-media-type',
    ],
    [
      'a type that only begins like JSON',
      'POST',
      '/v1/lamps',
      '{"on":true}',
      'application/json-patch+json',
      415,
      'unsupported-media-type',
    ],
    [
      'deep nesting',
      'POST',
      '/v1/lamps',
      `${'['.repeat(900)}${']'.repeat(900)}`,
      undefined,
      400,
      'malformed-request',
    ],
    [
      'a large body',
      'POST',
      '/v1/lamps',
      `{"on":"${'x'.repeat(3000)}"}`,
      undefined,
      413,
      'content-too-large',
    ],
    ['another content type', 'POST', '/v1/lamps', 'on=true', 'text/plain', 415, 'unsupported-media-type'],
    ['a wrong method', 'DELETE', '/v1/lamps', undefined, undefined, 405, 'method-not-allowed'],
    ['an unknown path', 'GET', '/v1/lantern', undefined, undefined, 404, 'not-found'],
    ['a wrong id', 'GET', '/v1/lamps/7', undefined, undefined, 400, 'invalid-request'],
    [
      'an unknown id',
      'GET',
      '/v1/lamps/5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02',
      undefined,
      undefined,
      404,
      'not-found',
    ],
    ['a wrong query', 'GET', '/v1/lamps?limit=many', undefined, undefined, 400, 'invalid-request'],
    [
      'a repeated query field',
      'GET',
      '/v1/lamps?limit=1&limit=2',
      undefined,
      undefined,
      400,
      'invalid-request',
    ],
    ['a broken escape', 'GET', '/v1/lamps/%E0%A4%A', undefined, undefined, 400, 'malformed-request'],
    ['a NUL in the query', 'GET', '/v1/lamps?cursor=%00', undefined, undefined, 400, 'malformed-request'],
  ])('answers %s with a problem, never a 500', async (_, method, url, body, type, status, code) => {
    const answer = await send(method, url, await asUser(), body, type);
    expect(answer).toMatchObject({ status, body: { code, status, type: `urn:vouchsafe:problem:${code}` } });
  });

  it('names where the input does not fit', async () => {
    const { body } = await send('POST', '/v1/lamps', await asUser(), '{"on":"maybe"}');
    expect(body.errors).toEqual([{ pointer: '/on', detail: expect.any(String) }]);
  });

  it.each([
    ['a missing body', 'POST', '/v1/lamps', undefined, '', 'is missing'],
    ['a missing field', 'POST', '/v1/lamps', '{}', '/on', 'is missing'],
    ['another type', 'POST', '/v1/lamps', '{"on":"maybe"}', '/on', 'must be true or false'],
    [
      'a value that is none of those allowed',
      'POST',
      '/v1/lamps',
      '{"on":true,"color":"blue"}',
      '/color',
      'must be one of "red", "green"',
    ],
    ['a body of another type', 'POST', '/v1/lamps', '[]', '', 'must be an object'],
    ['an unknown field', 'POST', '/v1/lamps', '{"on":true,"dim":1}', '', 'has an unknown field: "dim"'],
    [
      'a query field given twice',
      'GET',
      '/v1/lamps?limit=1&limit=2',
      undefined,
      '/limit',
      'is given more than once',
    ],
    ['a query field of another type', 'GET', '/v1/lamps?limit=few', undefined, '/limit', 'must be a number'],
  ])('says in plain words of %s', async (_, method, path, text, pointer, detail) => {
    const { body } = await send(method, path, await asUser(), text);
    expect(body.errors).toEqual([{ pointer, detail }]);
  });

  it.each([
    ['a name given twice', '{"on":true,"\\u006fn":true}', '/on'],
    ['a number that would become another', '{"on":9007199254740993}', '/on'],
    ['half a surrogate pair in a name', '{"on":true,"\\udead":1}', ''],
    ['a name of another kind', '{"on":true,"a/b":{"~":1,"~":1}}', '/a~1b/~0'],
    ['a body of another kind', '[]', ''],
  ])('names the place of %s by a JSON pointer (RFC 6901)', async (_, text, pointer) => {
    const { status, body } = await send('POST', '/v1/lamps', await asUser(), text);
    expect([status, body.errors]).toEqual([400, [{ pointer, detail: expect.any(String) }]]);
  });

  it('repeats little of an unknown name, however long it is', async () => {
    const { status, body } = await send(
      'POST',
      '/v1/lamps',
      await asUser(),
      `{"on":true,"${'😀'.repeat(400)}":1}`,
    );
    expect([status, JSON.stringify(body).length < 1000, JSON.stringify(body).includes('\\ud8')]).toEqual([
      400,
      true,
      false,
    ]);
  });

  it.each([
    ['UTF-8, said so', '{"on":true}', 'application/json; charset=UTF-8', 201],
    ['UTF-8, said so in quotes', '{"on":true}', 'application/json;charset="utf8"', 201],
  ])('takes a body in %s', async (_, text, type, status) => {
    expect((await send('POST', '/v1/lamps', await asUser(), text, type)).status).toBe(status);
  });

  it('takes an empty object where an operation reads no body', async () => {
    expect((await send('DELETE', `/v1/lamps/${id}`, await asUser(), '{}')).status).toBe(200);
  });

  it('refuses a body that says it is compressed', async () => {
    const response = await fetch(`${service.url}/v1/lamps`, {
      method: 'POST',
      headers: {
        'vouchsafe-internal-token': await asUser(),
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
      body: '{"on":true}',
    });
    expect(response.status).toBe(415);
  });

  it('says which content type it takes', async () => {
    const body = { method: 'POST', body: 'on=true' };
    const headers = { 'vouchsafe-internal-token': await asUser(), 'content-type': 'text/plain' };
    expect(await (await fetch(`${service.url}/v1/lamps`, { ...body, headers })).json()).toMatchObject({
      ...{ code: 'unsupported-media-type', detail: 'The body must be sent as application/json' },
    });
  });

  it('says Allow with a wrong method', async () => {
    const { headers } = await send('DELETE', '/v1/lamps', await asUser());
    expect(headers.get('allow')).toBe('GET, POST');
  });

  it('shows nothing of an unexpected error but the request id (ASVS 16.5.1)', async () => {
    const answer = await send('POST', '/v1/lamps', await asNobody(), '{"on":false}');
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      type: 'urn:vouchsafe:problem:internal',
      title: expect.any(String),
      status: 500,
      code: 'internal',
      requestId: 'r-1',
    });
  });

  it('answers garbage on the wire without a crash', async () => {
    const { port, hostname } = new URL(service.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write('GARBAGE\r\n\r\n'));
      socket.on('data', (data) => resolve(data.toString()));
    });
    expect(answer).toContain('HTTP/1.1 400');
    expect(answer).toContain('malformed-request');
  });

  it('is alive and ready, and tells its metrics by route', async () => {
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    expect(await (await fetch(`${service.url}/metrics`)).text()).toContain('route="/v1/lamps/:id"');
  });

  it('names every wrong environment variable at once, without its value', async () => {
    const attempt = bootService(definition, {
      env: { ...env, PORT: 'secret', VOUCHSAFE_LAMP_COLOR: 'blue' },
    });
    const error = (await attempt.catch((caught: unknown) => caught)) as Error;
    expect(error.message).toMatch(/PORT: .*\n.*VOUCHSAFE_LAMP_COLOR: /);
    expect(error.message).not.toContain('secret');
  });

  it('describes itself in OpenAPI 3.1 from the declarations and zod schemas', async () => {
    const document = await describeService(definition, {} as never);
    expect(document.openapi).toBe('3.1.0');
    expect((document.paths as Record<string, unknown>)['/v1/lamps']).toMatchSnapshot();
  });
});

describe('a service with a planted mistake does not boot (P02)', () => {
  class Undeclared {
    open() {
      return {};
    }
  }
  const boots = async (decorate: (target: typeof Undeclared) => void, name = definition.name) => {
    class Planted extends Undeclared {
      override open() {
        return {};
      }
    }
    decorate(Planted);
    @Module({ controllers: [Planted] })
    class PlantedModule {}
    return describeService({ ...definition, name, module: () => PlantedModule }, {} as never);
  };
  const descriptor = (target: typeof Undeclared) =>
    Object.getOwnPropertyDescriptor(target.prototype, 'open') as TypedPropertyDescriptor<unknown>;

  it('when a route declares no operation', async () => {
    const attempt = boots((target) => {
      Controller('open')(target);
      Get()(target.prototype, 'open', descriptor(target));
    });
    await expect(attempt).rejects.toThrow('Planted.open: a route without @Operation');
  });

  it('when a route lets unknown fields pass', async () => {
    const attempt = boots((target) => {
      Controller('open')(target);
      Post()(target.prototype, 'open', descriptor(target));
      Body({ schema: z.object({}) })(target.prototype, 'open', 0);
      Operation({
        permission: 'self',
        operation: 'open.do',
        entity: { type: 'open', id: null },
        effect: 'write',
        summary: 'x',
        answers: { 200: null },
      })(target.prototype, 'open', descriptor(target));
    });
    await expect(attempt).rejects.toThrow('@Body lets unknown fields pass');
  });

  const reacting = (target: typeof Undeclared) => {
    Controller()(target);
    // As it is, it takes no fact; its declaration is what is looked at.
    ReactsTo(auditFacts.subjectErased, { permission: 'audit:write' })(
      target.prototype,
      'open',
      descriptor(target) as never,
    );
  };

  it('when it reacts to facts of a service from which the list says it consumes nothing', async () => {
    const consumed = 'but gateway is not listed as a consumer of audit';
    await expect(boots(reacting, 'gateway')).rejects.toThrow(
      `Planted.open: reacts to vouchsafe.audit.subject-erased.v1, ${consumed}`,
    );
    await expect(boots(reacting)).rejects.toThrow('lamps is not listed as a consumer of audit');
    await expect(boots(reacting, 'identity')).resolves.toBeDefined();
  });

  it('when the list says that it consumes what it reacts to nowhere', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-host-'));
    const keys = await ensureInternalKeys(folder, ['gateway']);
    const env = {
      PORT: '0',
      VOUCHSAFE_LOG_LEVEL: 'silent',
      VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: keys.publicKeysFile,
      VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: keys.privateKeyFile('gateway'),
    };
    const deaf = await bootService({ ...definition, name: 'gateway' }, { env, handleSignals: false });
    try {
      await expect(consume('gateway', deaf, { group: 'gateway' })).rejects.toThrow(
        'gateway is listed as a consumer of identity, but reacts to none of its facts',
      );
    } finally {
      await deaf.stop();
    }
  });
});
