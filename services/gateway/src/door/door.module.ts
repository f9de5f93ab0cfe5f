import { randomUUID } from 'node:crypto';
import replyFrom from '@fastify/reply-from';
import { type DynamicModule, Inject, Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { newTraceparent, requestContext } from '@vouchsafe/service-host';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { beginExchange, type Exchange } from '../access-log/exchange.js';
import { maskedUrl } from '../access-log/masked-url.js';
import { API_DOCUMENT, DocsController } from '../docs/docs.controller.js';
import { DOOR, type Door } from './door.js';
import { clientAddress } from './forwarded-for.js';
import { recordBeforeLeaving } from './leaving.js';
import { PassOnController } from './pass-on.controller.js';

@Module({})
export class DoorModule {
  constructor(host: HttpAdapterHost<FastifyAdapter>, @Inject(DOOR) door: Door) {
    const fastify: FastifyInstance = host.httpAdapter.getInstance();
    fastify.addHook('onRequest', (request, _reply, done) => {
      arrive(request, door);
      done();
    });
    recordBeforeLeaving(fastify, door);
    void fastify.register(replyFrom, {
      undici: door.upstream,
      disableRequestLogging: true,
      // Bodies are never built anew: they pass as they came.
      contentTypesToEncode: [],
    });
  }

  static with(door: Door, document: object): DynamicModule {
    return {
      module: DoorModule,
      controllers: [DocsController, PassOnController],
      providers: [
        { provide: DOOR, useValue: door },
        { provide: API_DOCUMENT, useValue: document },
      ],
    };
  }
}

export function arrive(request: FastifyRequest, door: Door): Exchange {
  const context = requestContext();
  return beginExchange(request, {
    requestId: context?.requestId ?? randomUUID(),
    traceparent: context?.traceparent ?? newTraceparent(),
    receivedAt: door.now(),
    url: maskedUrl(request.raw.url ?? ''),
    sourceIp: clientAddress(request.raw, door.trustedHops),
  });
}
