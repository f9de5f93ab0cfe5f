import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Module,
  Param,
  Post,
  Query,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { innerServiceNames, type ServiceName } from '@vouchsafe/contracts';
import {
  authenticated,
  type Authenticated,
  bootService,
  Caller,
  describeService,
  FileBody,
  Operation,
  problem,
  RawBody,
  type RunningService,
  type ServiceDefinition,
  serviceUrlVariables,
} from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

/** Whom the fake identity knows, and what the fake services were made to do; it outlives any gateway. */
export interface World {
  readonly sessions: Map<string, Authenticated>;
  readonly apiKeys: Map<string, Authenticated>;
  /** Request ids of changes that were carried out: the services' own store. */
  readonly executed: { readonly requestId: string; readonly id: string }[];
  /** What the last request looked like to the service. */
  lastHeaders: Record<string, string>;
  lastCaller: Caller | null;
  /** The bodies that came with a signature. */
  readonly signed: Buffer[];
  /** Bodies that came as streams, and what has come of them; no digest until all has. */
  readonly uploads: {
    id: string;
    mediaType: string | null;
    length: number | null;
    bytes: number;
    sha256: string | null;
  }[];
  /** What the service says in the headers of its answers. */
  answerHeaders: Record<string, string>;
  /** Milliseconds that a change takes after it has taken effect. */
  delay: number;
  /** A change that has taken effect is not answered before this has come. */
  held: Promise<void> | null;
}

const question = z.union([z.strictObject({ session: z.string() }), z.strictObject({ apiKey: z.string() })]);
const credentials = z.strictObject({ session: z.string() });
const thing = z.strictObject({ id: z.string() });
const thingPath = z.strictObject({ id: z.string() });
const newThing = z.strictObject({ id: z.string().max(100_000) });

export interface FakeServices {
  readonly world: World;
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The services behind the gateway, real on the wire, with golden documents of their own. */
export async function fakeServices(folder: string, env: Record<string, string>): Promise<FakeServices> {
  const world: World = {
    sessions: new Map(),
    apiKeys: new Map(),
    executed: [],
    signed: [],
    uploads: [],
    lastHeaders: {},
    lastCaller: null,
    answerHeaders: {},
    delay: 0,
    held: null,
  };
  const fakes: Readonly<Partial<Record<ServiceName, ServiceDefinition<z.ZodObject>>>> = {
    identity: fakeIdentity(world),
    audit: fakeAudit(world),
    billing: fakeBilling(world),
  };
  const definitions = innerServiceNames.map((name) => fakes[name] ?? { ...idle, name });
  const running: RunningService[] = [];
  for (const definition of definitions) {
    await writeFile(
      path.join(folder, `${definition.name}.openapi.json`),
      JSON.stringify(await describeService(definition, {} as never)),
    );
    const key = path.join(folder, 'keys', `${definition.name}.private.pem`);
    running.push(
      await bootService(definition, {
        env: { ...env, PORT: '0', VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: key, VOUCHSAFE_BODY_LIMIT: '1048576' },
        handleSignals: false,
      }),
    );
  }
  const urls = new Map(definitions.map(({ name }, nth) => [name, running[nth]?.url ?? '']));
  return {
    world,
    env: {
      VOUCHSAFE_OPENAPI_FOLDER: folder,
      ...serviceUrlVariables((name) => urls.get(name) ?? ''),
    },
    stop: async () => {
      for (const service of running) await service.stop();
    },
  };
}

@Module({})
class NothingModule {}
/** A service that no suite of the gateway asks. */
const idle = { title: 'Idle', config: z.object({}), module: () => NothingModule };

function fakeIdentity(world: World) {
  @Controller()
  class IdentityController {
    @Post('internal/sessions/resolve')
    @HttpCode(200)
    @Operation({
      permission: 'service',
      operation: 'session.resolve',
      entity: { type: 'session', id: null },
      effect: 'read',
      summary: 'Who is this',
      answers: { 200: authenticated },
      problems: ['not-found'],
    })
    resolve(@Body({ schema: question }) body: z.output<typeof question>) {
      const found = 'session' in body ? world.sessions.get(body.session) : world.apiKeys.get(body.apiKey);
      if (!found) throw problem('not-found');
      return found;
    }

    @Post('v1/sessions')
    @Operation({
      permission: 'public',
      operation: 'session.create',
      entity: { type: 'session', id: 'response.id' },
      effect: 'write',
      summary: 'Log in',
      answers: { 201: thing },
    })
    create(
      @Body({ schema: credentials }) body: z.output<typeof credentials>,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      if (!world.sessions.has(body.session)) throw problem('wrong-credentials');
      void reply.header('vouchsafe-session', body.session);
      return { id: 'session-1' };
    }

    @Delete('v1/sessions/:id')
    @HttpCode(204)
    @Operation({
      permission: 'session',
      operation: 'session.end',
      entity: { type: 'session', id: 'path.id' },
      effect: 'write',
      summary: 'Log out',
      answers: { 204: null },
    })
    end(
      @Param({ schema: thingPath }) _path: z.output<typeof thingPath>,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): void {
      void reply.header('vouchsafe-session-ended', '1');
    }
  }
  @Module({ controllers: [IdentityController] })
  class IdentityModule {}
  return {
    name: 'identity',
    title: 'Identity',
    config: z.object({}),
    module: () => IdentityModule,
  } satisfies ServiceDefinition<z.ZodObject>;
}

function fakeAudit(world: World) {
  @Controller('v1/things')
  class ThingController {
    @Get(':id')
    @Operation({
      permission: 'members:read',
      operation: 'thing.read',
      entity: { type: 'thing', id: 'path.id' },
      effect: 'read',
      summary: 'Read a thing',
      answers: { 200: thing },
    })
    read(
      @Param({ schema: thingPath }) { id }: z.output<typeof thingPath>,
      @Query({ schema: z.strictObject({ token: z.string().optional(), limit: z.string().optional() }) })
      _query: object,
      @Headers() headers: Record<string, string>,
      @Caller() caller: Caller,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      Object.assign(world, { lastHeaders: headers, lastCaller: caller });
      void reply.headers(world.answerHeaders);
      return { id };
    }

    @Post()
    @Operation({
      permission: 'members:write',
      operation: 'thing.make',
      entity: { type: 'thing', id: 'response.id' },
      effect: 'write',
      summary: 'Make a thing',
      answers: { 201: thing },
    })
    async make(
      @Body({ schema: newThing }) { id }: z.output<typeof newThing>,
      @Caller() { requestId }: Caller,
    ) {
      world.executed.push({ requestId, id });
      await world.held;
      if (world.delay > 0) await new Promise((resolve) => setTimeout(resolve, world.delay));
      return { id: id.slice(0, 40) };
    }

    @Post(':id/content')
    @HttpCode(204)
    @Operation({
      permission: 'members:write',
      operation: 'thing.upload',
      entity: { type: 'thing', id: 'path.id' },
      effect: 'write',
      summary: 'Upload',
      answers: { 204: null },
      problems: ['storage-full'],
      body: 'stream',
    })
    async upload(
      @Param({ schema: thingPath }) { id }: z.output<typeof thingPath>,
      @FileBody() { content, mediaType, length }: FileBody,
    ): Promise<void> {
      if (id === 'refused') throw problem('storage-full');
      const hash = createHash('sha256');
      const upload = { id, mediaType, length, bytes: 0, sha256: null as string | null };
      world.uploads.push(upload);
      for await (const chunk of content as AsyncIterable<Buffer>) {
        hash.update(chunk);
        upload.bytes += chunk.length;
        if (id === 'slow') await new Promise((resolve) => setTimeout(resolve, 20));
      }
      upload.sha256 = hash.digest('hex');
    }

    @Get(':id/content')
    @Operation({
      permission: 'members:read',
      operation: 'thing.download',
      entity: { type: 'thing', id: 'path.id' },
      effect: 'read',
      summary: 'Download',
      answers: { 200: 'application/octet-stream' },
      response: 'stream',
    })
    download(): StreamableFile {
      return new StreamableFile(Readable.from(slowly(world.delay)));
    }
  }
  @Module({ controllers: [ThingController] })
  class ThingModule {}
  return {
    name: 'audit',
    title: 'Audit',
    config: z.object({}),
    module: () => ThingModule,
  } satisfies ServiceDefinition<z.ZodObject>;
}

function fakeBilling(world: World) {
  @Controller('webhooks/fake')
  class WebhookController {
    @Post()
    @HttpCode(204)
    @Operation({
      permission: 'public',
      operation: 'webhook.take',
      entity: { type: 'webhook', id: null },
      effect: 'write',
      summary: 'Take an event',
      answers: { 204: null },
      signedBy: 'stripe-signature',
    })
    take(@RawBody() body: Buffer): void {
      world.signed.push(body);
    }
  }
  @Module({ controllers: [WebhookController] })
  class WebhookModule {}
  return {
    name: 'billing',
    title: 'Billing',
    config: z.object({}),
    module: () => WebhookModule,
  } satisfies ServiceDefinition<z.ZodObject>;
}

async function* slowly(delay: number): AsyncGenerator<Buffer> {
  for (let part = 0; part < 4; part += 1) {
    yield Buffer.alloc(1000, part);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  }
}
