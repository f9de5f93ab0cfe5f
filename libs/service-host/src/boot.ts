import 'reflect-metadata';
import {
  type CanActivate,
  type DynamicModule,
  Global,
  Module,
  type Provider,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { VaultError } from '@vouchsafe/vault';
import type { z } from 'zod';
import { assertEverythingDeclared, controllersWithReactions } from './boot-checks.js';
import { Clock, clockOf, Ids, RandomIds } from './clock.js';
import { ConfigError, type HostConfig, hostConfig, readConfig } from './config.js';
import { httpAdapter, type HttpOptions, type Refusing } from './fastify.js';
import { errorWords } from './error-words.js';
import { EntityInterceptor } from './entity.interceptor.js';
import { addHealthRoutes, Readiness } from './health.js';
import { InternalClient } from './internal-client.js';
import { InternalIdentityGuard } from './internal-identity.guard.js';
import { InternalTokens, InternalTokenVerifier, readPrivateKey, readPublicKeys } from './internal-token.js';
import { nestLogger, serviceLogger, type ServiceLogger } from './logging.js';
import { Metrics } from './metrics.js';
import { openApiDocument } from './openapi/document.js';
import { type CheckedInput, inputsOf } from './openapi/inputs.js';
import { ProblemFilter } from './problem.filter.js';
import { ignoreIncomingTraces } from './request-context.js';
import { RouteTable } from './route-table.js';
import { stopOnce, stopOnSignals } from './stop.js';
import { TraceInterceptor } from './trace.interceptor.js';
import { UnreadBodyInterceptor } from './unread-body.interceptor.js';
import { validationPipe } from './validation.js';

export interface ServiceDefinition<Config extends z.ZodObject> {
  /** Also the audience of internal tokens made for this service. */
  readonly name: string;
  readonly title: string;
  /** The service's own environment variables; the host's (`hostConfig`) are read besides. */
  readonly config: Config;
  /** The service's composition module. */
  readonly module: (config: z.output<Config> & HostConfig) => Type | DynamicModule;
  /** A public server has its own guards, passes bodies on unread and makes request ids; health and metrics are on the internal one. */
  readonly server?: 'internal' | 'public';
  /** Guards of a public server, in place of the one for internal tokens; its module provides them. */
  readonly guards?: readonly Type<CanActivate>[];
  /** Answers what the router of a public server refuses before any hook runs; its module provides it. */
  readonly refuse?: Type<Refusing>;
}

/** What tests replace. */
export interface BootOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  readonly ids?: Ids;
  readonly logger?: ServiceLogger;
  /** Readiness and metrics of a server in the same process: one port reports both. */
  readonly metrics?: Metrics;
  readonly readiness?: Readiness;
  /** Leave the process's signals alone. */
  readonly handleSignals?: boolean;
}

export interface RunningService {
  readonly app: NestFastifyApplication;
  /** `http://host:port` */
  readonly url: string;
  readonly logger: ServiceLogger;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** No longer ready; finishes running requests, then ends. */
  stop(): Promise<void>;
}

/** Injection token of the service's configuration: `@Inject(CONFIG) config: ...`. */
export const CONFIG = Symbol('configuration');
/** Injection token of the service's pino logger. */
export const LOGGER = Symbol('logger');

/**
 * Boots a service: configuration, logs, health, metrics, identity, problems; then listens. Throws `ConfigError` or
 * `UndeclaredRouteError` before it listens.
 */
export async function bootService<Config extends z.ZodObject>(
  definition: ServiceDefinition<Config>,
  options: BootOptions = {},
): Promise<RunningService> {
  const env = options.env ?? process.env;
  const config = readServiceConfig(definition, env);
  const logger = options.logger ?? serviceLogger(definition.name, config.VOUCHSAFE_LOG_LEVEL);
  if (definition.server === 'public') ignoreIncomingTraces();
  const { app, metrics, readiness } = await createApp(definition, config, logger, options);
  try {
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    await app.listen(config.PORT, config.VOUCHSAFE_HOST);
  } catch (error) {
    // Stop what was started already: leases are given back, connections closed.
    await app.close().catch((failure: unknown) => logger.error({ err: failure }, 'Stop failed'));
    throw error;
  }
  const stopping = { app, readiness, logger, seconds: config.VOUCHSAFE_STOP_SECONDS };
  const stop = stopOnce(stopping);
  if (options.handleSignals ?? true) stopOnSignals(stop, stopping);
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  logger.info({ port: Number(new URL(url).port), environment: config.VOUCHSAFE_ENVIRONMENT }, 'Listening');
  return { app, url, logger, metrics, readiness, stop };
}

/** For `main.ts`, when a service did not boot. A wrong configuration, or keys that do not open, are for the operator to mend and need no stack. */
export function exitBecause(service: string, error: unknown): never {
  const isOperators = error instanceof ConfigError || error instanceof VaultError;
  const reason = error instanceof Error && !isOperators ? errorWords(error).stack : undefined;
  const said = `${service}: ${reason ?? (error instanceof Error ? error.message : 'failed')}\n`;
  // Comes last: buffered log lines are written before it, as the process ends.
  process.once('exit', () => process.stderr.write(said));
  process.exit(1);
}

/** The service's OpenAPI document, made without connecting to anything. */
export async function describeService<Config extends z.ZodObject>(
  definition: ServiceDefinition<Config>,
  config: z.output<Config> & HostConfig,
): Promise<ReturnType<typeof openApiDocument>> {
  return openApiDocument(await preview(definition, config), definition.title, '1');
}

/** What the service checks of each operation's input, by the schemas in its routes' decorators. */
export async function checkedInputs<Config extends z.ZodObject>(
  definition: ServiceDefinition<Config>,
  config: z.output<Config> & HostConfig,
): Promise<CheckedInput[]> {
  return inputsOf(await preview(definition, config));
}

/** The controllers of the service that react to facts, as classes. */
export async function reactionControllers<Config extends z.ZodObject>(
  definition: ServiceDefinition<Config>,
  config: z.output<Config> & HostConfig,
): Promise<Type[]> {
  return controllersWithReactions(await preview(definition, config));
}

async function preview<Config extends z.ZodObject>(
  definition: ServiceDefinition<Config>,
  config: z.output<Config> & HostConfig,
): Promise<NestFastifyApplication> {
  const adapter = httpAdapter(adapterOptions(definition, config, new Metrics(), new RouteTable()));
  const app = await NestFactory.create<NestFastifyApplication>(
    HostModule.with(standIns, [definition.module(config)]),
    adapter,
    { preview: true, logger: false, abortOnError: false },
  );
  assertEverythingDeclared(app, definition.name);
  return app;
}

/** What the host gives to every module of a service: `Clock`, `Ids`, `Metrics`, `Readiness`, `InternalClient`, ... */
@Global()
@Module({})
class HostModule {
  static with(providers: Provider[], imports: DynamicModule['imports']): DynamicModule {
    const exported = providers.map((provider) =>
      typeof provider === 'function' ? provider : provider.provide,
    );
    return { module: HostModule, providers, exports: exported, imports: imports ?? [] };
  }
}

/** A preview instantiates nothing, but Nest checks that every dependency is provided. */
const standIns: Provider[] = [
  CONFIG,
  LOGGER,
  Clock,
  Ids,
  Metrics,
  Readiness,
  RouteTable,
  InternalTokens,
  InternalTokenVerifier,
  InternalClient,
].map((provide) => ({ provide, useValue: {} }));

function adapterOptions(
  { server = 'internal' }: { server?: 'internal' | 'public' },
  config: HostConfig,
  metrics: Metrics,
  routes: RouteTable,
  refuse?: HttpOptions['refuse'],
) {
  return {
    bodyLimit: config.VOUCHSAFE_BODY_LIMIT,
    requestTimeout: config.VOUCHSAFE_FILE_SECONDS * 1000,
    metrics,
    routes,
    trustRequestId: server === 'internal',
    parseBodies: server === 'internal',
    ...(refuse ? { refuse } : {}),
  };
}

/** The service's own variables and the host's. */
export function readServiceConfig<Config extends z.ZodObject>(
  definition: ServiceDefinition<Config>,
  env: NodeJS.ProcessEnv,
): z.output<Config> & HostConfig {
  // One schema, so that every wrong variable is named in one message.
  return readConfig(hostConfig.extend(definition.config.shape), env) as z.output<Config> & HostConfig;
}

async function createApp<Config extends z.ZodObject>(
  definition: ServiceDefinition<Config>,
  config: z.output<Config> & HostConfig,
  logger: ServiceLogger,
  options: BootOptions,
) {
  const clock = options.clock ?? clockOf(config);
  const { metrics = new Metrics(), readiness = new Readiness() } = options;
  const routes = new RouteTable();
  const now = () => clock.now();
  const tokens = new InternalTokens(
    definition.name,
    await readPrivateKey(config.VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE),
    now,
  );
  const keys = await readPublicKeys(config.VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE);
  const verifier = new InternalTokenVerifier(definition.name, keys, now);
  const providers: Provider[] = [
    { provide: CONFIG, useValue: config },
    { provide: LOGGER, useValue: logger },
    { provide: Clock, useValue: clock },
    { provide: Ids, useValue: options.ids ?? new RandomIds() },
    { provide: Metrics, useValue: metrics },
    { provide: Readiness, useValue: readiness },
    { provide: RouteTable, useValue: routes },
    { provide: InternalTokens, useValue: tokens },
    { provide: InternalTokenVerifier, useValue: verifier },
    { provide: InternalClient, useValue: new InternalClient(tokens) },
  ];
  const { guards, refuse } = definition;
  const adapter = httpAdapter(
    adapterOptions(
      definition,
      config,
      metrics,
      routes,
      refuse && ((...refused) => app.get(refuse, { strict: false }).refuse(...refused)),
    ),
  );
  if (definition.server !== 'public') addHealthRoutes(adapter.getInstance(), readiness, metrics);
  const app = await NestFactory.create<NestFastifyApplication>(
    HostModule.with(providers, [definition.module(config)]),
    adapter,
    { logger: nestLogger(logger), bodyParser: false, abortOnError: false },
  );
  app.useGlobalFilters(new ProblemFilter(logger, routes));
  app.useGlobalPipes(validationPipe());
  app.useGlobalInterceptors(new TraceInterceptor(), new EntityInterceptor());
  // The gateway passes bodies on; the service behind it says whether it takes one.
  if (definition.server !== 'public') app.useGlobalInterceptors(new UnreadBodyInterceptor());
  if (definition.server === 'public' && !guards?.length) throw new Error('A public server needs guards');
  app.useGlobalGuards(
    ...(guards?.map((guard) => app.get(guard, { strict: false })) ?? [new InternalIdentityGuard(verifier)]),
  );
  assertEverythingDeclared(app, definition.name);
  return { app, metrics, readiness };
}
