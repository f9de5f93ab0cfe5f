import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from './metrics.js';
import { problem, type ProblemCode, ProblemError, problems } from './problems.js';
import { sendProblem } from './problem.filter.js';
import {
  requestContext,
  runInRequestContext,
  traceparentOf,
  type RequestContext,
} from './request-context.js';
import { noteMediaType } from './raw-body.js';
import type { RouteTable } from './route-table.js';
import { assertNoCardNumber, assertPlainUtf8, assertWellFormedUrl, parseJson } from './validation.js';

export interface HttpOptions {
  readonly bodyLimit: number;
  /** Milliseconds in which a whole request must arrive. */
  readonly requestTimeout: number;
  readonly metrics: Metrics;
  readonly routes: RouteTable;
  /** Accept the request id and trace of the gateway; a public server makes its own. */
  readonly trustRequestId: boolean;
  /** The public server passes bodies on unread. */
  readonly parseBodies: boolean;
  /** Answers what the router refuses before any hook runs. */
  readonly refuse?: Refuse;
}

type Refuse = (request: FastifyRequest, reply: FastifyReply, found: ProblemError) => void;

export interface Refusing {
  readonly refuse: Refuse;
}

/** Fastify as every service has it: bounded, strict about what comes in, each request in its context. */
export function httpAdapter(options: HttpOptions): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimit,
    // Header and body must arrive in bounded time: a slow sender holds a connection, not the service.
    requestTimeout: options.requestTimeout,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // Pages of the public server's own are for browsers and for what looks whether they are there (RFC 9110 section 9.3.2).
    exposeHeadRoutes: !options.parseBodies,
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const found = problem(error.code === 'FST_ERR_MAX_PARAM_LENGTH' ? 'url-too-long' : 'malformed-request');
      if (options.refuse) options.refuse(request, reply, found);
      else sendProblem(reply, found, requestIdOf(request, options.trustRequestId));
    },
    clientErrorHandler: answerClientError,
  });
  const fastify: FastifyInstance = adapter.getInstance();
  // Node answers an `Expect` that it does not know by itself, without a log entry; it is no reason to refuse (RFC 9110 section 10.1.1).
  fastify.server.on('checkExpectation', (request, response) =>
    fastify.server.emit('request', request, response),
  );
  fastify.addHook('onRoute', ({ method, url }) => options.routes.add(method, url));
  addContext(fastify, options.trustRequestId);
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    options.metrics.requestHandled(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
  fastify.addHook('onError', (_request, _reply, error, done) => {
    if (error instanceof ProblemError && error.code === 'card-number') options.metrics.cardNumberRefused();
    done();
  });
  addParsers(fastify, options.parseBodies);
  return adapter;
}

function addContext(fastify: FastifyInstance, trustRequestId: boolean): void {
  const contexts = new WeakMap<object, RequestContext>();
  fastify.addHook('onRequest', (request, reply, done) => {
    const requestId = requestIdOf(request, trustRequestId);
    const traceparent = trustRequestId ? request.headers.traceparent : undefined;
    const context = {
      requestId,
      traceparent: traceparentOf(typeof traceparent === 'string' ? traceparent : undefined),
    };
    contexts.set(request, context);
    void reply.header('x-request-id', requestId);
    runInRequestContext(context, done);
  });
  // After every `onRequest` hook: what is refused here has its context, and at the public server its exchange, too.
  fastify.addHook('preParsing', (request, _reply, _payload, done) => {
    try {
      assertWellFormedUrl(request.url);
      assertNoCardNumber(request.url, request.headers);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  });
  // A body's end arrives in the socket's context, not the request's: enter it again before the handler.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const context = contexts.get(request);
    if (context && !requestContext()) runInRequestContext(context, () => done());
    else done();
  });
}

function requestIdOf({ headers }: FastifyRequest, trusted: boolean): string {
  const received = trusted ? headers['x-request-id'] : undefined;
  return typeof received === 'string' && /^[\w.-]{1,100}$/.test(received) ? received : randomUUID();
}

function addParsers(fastify: FastifyInstance, parse: boolean): void {
  fastify.removeAllContentTypeParsers();
  if (parse) addFiles(fastify);
  if (!parse) {
    fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    return;
  }
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // A signature is over the bytes.
    if (isRaw(request)) {
      done(null, body);
      return;
    }
    // Node gives a body to DELETE and the like, too: empty means none.
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    try {
      assertPlainUtf8(request.headers);
      done(null, parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** A parser is chosen by the content type alone; a file may have any, JSON's too, and is never read whole. */
function addFiles(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(FILE, (request, payload, done) => {
    if (isSet(request, 'isStreamed')) done(null, payload);
    else done(problem('unsupported-media-type', { detail: 'The body must be sent as application/json' }));
  });
  fastify.addHook('preParsing', (request, _reply, _payload, done) => {
    if (!isSet(request, 'isStreamed')) {
      done();
      return;
    }
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      done(problem('unsupported-media-type', { detail: 'The body must be sent without a content encoding' }));
      return;
    }
    noteMediaType(request);
    request.raw.headers['content-type'] = FILE;
    done();
  });
}

const FILE = 'application/octet-stream';

/** Whether the operation is `signedBy` its sender. */
function isRaw(request: FastifyRequest): boolean {
  return isSet(request, 'isRaw');
}

function isSet({ routeOptions }: FastifyRequest, setting: 'isRaw' | 'isStreamed'): boolean {
  return setting in routeOptions.config && routeOptions.config[setting as keyof object] === true;
}

/** What Node refuses before there is a request: too large headers, garbage, a head that never ends. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = codeOfClientError[error.code ?? ''] ?? 'malformed-request';
  const body = JSON.stringify(problem(code).document(null));
  socket.end(
    `HTTP/1.1 ${problems[code].status} Refused\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

const codeOfClientError: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};
