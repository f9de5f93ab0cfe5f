import replyFrom from '@fastify/reply-from';
import {
  type DynamicModule,
  Inject,
  Injectable,
  type INestApplicationContext,
  Module,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { Database } from '@vouchsafe/database';
import { EventStore, keepMonthsAhead, makeMonthsAhead } from '@vouchsafe/event-store';
import { Background, Clock, CONFIG, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import type { FastifyInstance } from 'fastify';
import { AccessLog, Instance } from '../access-log/access-log.js';
import type { GatewayConfig } from '../gateway.config.js';
import { InstanceLease } from '../access-log/instance-lease.js';
import { RecordExchange } from '../access-log/record-exchange.js';
import { API_DOCUMENT, DocsController } from '../docs/docs.controller.js';
import { mergedDocument } from '../routes/merged-document.js';
import { RouteIndex } from '../routes/route-index.js';
import type { UpstreamService } from '../routes/service-document.js';
import { ResolveCaller } from '../session/resolve-caller.js';
import { openSessionKeys, SessionKeys } from '../session/session-keys.js';
import { Arrival } from './arrival.js';
import { Bodies } from './bodies.js';
import { AllowedOrigins } from './cross-site.js';
import { PublicServerGuard } from './public-server.guard.js';
import { Leaving } from './leaving.js';
import { PassOnController } from './pass-on.controller.js';
import { RateLimits } from './rate-limits.js';
import { SignedCalls } from './signed-calls.js';
import { Unrecorded } from './unrecorded.js';
import { Uploads, Upstream } from './uploads.js';
import { closeUnread } from './unread.js';

/** Runs what requests need from before the first one comes in until after the last answer has left. */
@Injectable()
class Workers implements OnModuleInit {
  constructor(
    private readonly accessLog: AccessLog,
    private readonly lease: InstanceLease,
    private readonly upstream: Upstream,
    private readonly background: Background,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
  ) {}

  /** Stopped in reverse: what is left to write is written before the lease is given back. */
  async onModuleInit(): Promise<void> {
    const { accessLog, lease, upstream, background, database, clock, logger } = this;
    background.add(upstream);
    const months = {
      database,
      ensure: 'ensure_access_log_month',
      now: () => clock.now(),
      onError: (error: unknown) =>
        logger.warn({ err: error }, 'A monthly partition of the access log could not be created; retrying'),
    };
    // Before the first entry; one that comes all the same stands among the other streams, and is read like any.
    await makeMonthsAhead(months).catch(months.onError);
    await lease.start();
    background.add(lease);
    background.add(keepMonthsAhead(months));
    background.add({ stop: () => accessLog.idle() });
  }
}

/** The public server: requests come in, are checked and recorded, and passed on. */
@Module({})
export class PublicServerModule {
  constructor(
    host: HttpAdapterHost<FastifyAdapter>,
    arrival: Arrival,
    leaving: Leaving,
    upstream: Upstream,
    @Inject(CONFIG) { VOUCHSAFE_BODY_TIMEOUT_MS }: Pick<GatewayConfig, 'VOUCHSAFE_BODY_TIMEOUT_MS'>,
  ) {
    const fastify: FastifyInstance = host.httpAdapter.getInstance();
    fastify.addHook('onRequest', (request, _reply, done) => {
      arrival.arrive(request);
      done();
    });
    leaving.guard(fastify);
    fastify.addHook('onResponse', (request, _reply, done) => {
      closeUnread(request.raw, VOUCHSAFE_BODY_TIMEOUT_MS);
      done();
    });
    void fastify.register(replyFrom, {
      undici: upstream,
      disableRequestLogging: true,
      // Bodies are never built anew: they pass as they came.
      contentTypesToEncode: [],
    });
  }

  /** @param internal has the gateway's database, and a relay that it wakes */
  static with(
    internal: INestApplicationContext,
    services: readonly UpstreamService[],
    publicUrl: string,
  ): DynamicModule {
    return {
      module: PublicServerModule,
      controllers: [DocsController, PassOnController],
      providers: [
        ...[Database, Vault, EventStore].map((provide) => ({ provide, useValue: internal.get(provide) })),
        { provide: API_DOCUMENT, useValue: mergedDocument(services, publicUrl) },
        { provide: RouteIndex, useValue: new RouteIndex(services) },
        { provide: SessionKeys, useFactory: openSessionKeys, inject: [CONFIG] },
        {
          provide: Upstream,
          useFactory: (config: GatewayConfig) => new Upstream(config),
          inject: [CONFIG],
        },
        ...[Instance, AccessLog, InstanceLease, RecordExchange],
        ...[
          AllowedOrigins,
          Arrival,
          Bodies,
          PublicServerGuard,
          Leaving,
          RateLimits,
          ResolveCaller,
          SignedCalls,
          Unrecorded,
          Uploads,
        ],
        ...[Background, Workers],
      ],
    };
  }
}
