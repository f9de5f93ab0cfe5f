/** @promise P23 passes nothing on that may change something before its entry is durable */
import { Readable } from 'node:stream';
import { All, Controller, Inject, Req, Res, SetMetadata } from '@nestjs/common';
import {
  addressGroup,
  CONFIG,
  InternalTokens,
  PASSES_ON,
  problem,
  ProblemError,
  sendProblem,
} from '@vouchsafe/service-host';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Exchange, exchangeOf } from '../access-log/exchange.js';
import { RecordExchange } from '../access-log/record-exchange.js';
import type { GatewayConfig } from '../gateway.config.js';
import type { Route } from '../routes/route-index.js';
import { ResolveCaller } from '../session/resolve-caller.js';
import { endedSessionCookie, readSessionHeader, sessionCookie } from '../session/session-cookie.js';
import { SessionKeys } from '../session/session-keys.js';
import { Bodies } from './bodies.js';
import { AllowedOrigins, preflightHeaders } from './cross-site.js';
import { headersForCaller, headersForService, type ServiceNotes } from './headers.js';
import { Leaving } from './leaving.js';
import { Upload, Uploads } from './uploads.js';

/** Every path that is not a page of our own: passed on to the service that declares it. */
@Controller()
export class PassOnController {
  constructor(
    private readonly exchanges: RecordExchange,
    private readonly leaving: Leaving,
    private readonly tokens: InternalTokens,
    private readonly sessionKeys: SessionKeys,
    private readonly callers: ResolveCaller,
    private readonly origins: AllowedOrigins,
    private readonly bodies: Bodies,
    private readonly uploads: Uploads,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'VOUCHSAFE_UPSTREAM_TIMEOUT_MS'>,
  ) {}

  @All('*')
  @SetMetadata(PASSES_ON, true)
  async passOn(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const exchange = exchangeOf(request);
    if (!isPassable(exchange.route)) {
      const asked = request.headers['access-control-request-method'];
      void reply
        .code(204)
        .headers(preflightHeaders(request, this.origins, asked ? [asked] : []))
        .send();
      return;
    }
    const { service } = exchange.route;
    const { body } = request;
    const upload = exchange.route.upload && body instanceof Readable ? this.upload(exchange, body) : null;
    if (upload) request.body = upload;
    else if (body instanceof Readable) request.body = await this.bodyOf(request, reply, body);
    try {
      await this.recordBefore(exchange);
      const token = await this.tokenFor(service.name, exchange, exchange.route);
      this.send(request, reply, exchange, service.origin, token);
    } catch (error) {
      upload?.destroy();
      throw error;
    }
  }

  private tokenFor(service: string, exchange: Exchange, { operation }: Route): Promise<string> {
    const { requestId, sourceIp, userAgent, caller } = exchange;
    return this.tokens.sign(service, { ...caller, requestId, sourceIp, userAgent, operation });
  }

  /** Counted for the organization: its members and keys share what it may send. */
  private upload({ caller, sourceIp }: Exchange, body: Readable): Upload {
    return this.uploads.begin(body, caller.organizationId ?? addressGroup(sourceIp));
  }

  private async bodyOf(request: FastifyRequest, reply: FastifyReply, body: Readable): Promise<Readable> {
    try {
      return await this.bodies.read(body, addressGroup(exchangeOf(request).sourceIp));
    } catch (error) {
      // Nothing can follow a body that was not read to its end.
      void reply.header('connection', 'close');
      throw error;
    }
  }

  /** P23: what may change something, and what will stream, has its entry before it starts; else nothing is executed. */
  private async recordBefore(exchange: Exchange): Promise<void> {
    if (exchange.route?.effect !== 'write' && !exchange.route?.stream) return;
    const part = exchange.route.stream ? 'stream-opened' : 'whole';
    try {
      await this.exchanges.recordReceived(exchange, part);
    } catch (cause) {
      throw problem('unavailable', { cause });
    }
    exchange.openEntry = 'ends';
  }

  private send(
    request: FastifyRequest,
    reply: FastifyReply,
    exchange: Exchange,
    origin: string,
    token: string,
  ): void {
    let notes: ServiceNotes = { session: null, sessionEnded: false };
    exchange.passedOn = 'waiting';
    const [path = ''] = request.url.split('?', 1);
    reply.from(path, {
      getUpstream: () => origin,
      // As it came, and apart from the path: in a value `../` leads nowhere, but reply-from would refuse it.
      queryString: () => request.url.slice(path.length + 1),
      timeout: this.config.VOUCHSAFE_UPSTREAM_TIMEOUT_MS,
      rewriteRequestHeaders: (_, headers) => headersForService(headers, exchange, token),
      rewriteHeaders: (headers) => {
        const answer = headersForCaller(headers, exchange);
        notes = answer.notes;
        return answer.headers;
      },
      // Called once the service has answered, or has not: never tried again, for it may have been executed.
      retryDelay: ({ err, res }) => {
        exchange.passedOn = passedOn(err);
        const { statusCode, stream } = (res as unknown as ServiceAnswer | undefined) ?? {};
        // The client has gone: its answer is cut off, which is not an error.
        stream?.on('error', () => undefined);
        if (statusCode !== undefined && reply.raw.destroyed)
          void this.leaving.recordAbandoned(exchange, statusCode);
        return null;
      },
      onResponse: (_request, _reply, { stream }) => {
        this.answer(reply, exchange, notes, stream).catch((error: unknown) => {
          stream.destroy();
          sendProblem(reply, error instanceof ProblemError ? error : problem('internal', { cause: error }));
        });
      },
      onError: (_, { error }) => {
        if (request.body instanceof Upload) void reply.header('connection', 'close');
        sendProblem(reply, problemOf(error));
      },
    });
  }

  /** The body goes on as a stream; what the service says about the session becomes the cookie. */
  private async answer(
    reply: FastifyReply,
    exchange: Exchange,
    notes: ServiceNotes,
    body: Readable,
  ): Promise<void> {
    if (notes.sessionEnded) void reply.header('set-cookie', endedSessionCookie());
    const session = notes.session === null ? null : readSessionHeader(notes.session);
    if (session) {
      void reply.header(
        'set-cookie',
        await sessionCookie(this.sessionKeys, session.sessionId, session.expires),
      );
      // Whose log-in it was is known from now on, so the entry says it (P23).
      exchange.caller = (await this.callers.resolve({ session: session.sessionId })) ?? exchange.caller;
    }
    void reply.send(body);
  }
}

/** What `retryDelay` really gets, in spite of its type. */
interface ServiceAnswer {
  readonly statusCode: number;
  readonly stream: Readable;
}

function isPassable(route: Exchange['route']): route is Route {
  return route !== null && 'service' in route;
}

const NOT_REACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** RetryDetails types its error as present always; it is null after an answer. */
function passedOn(error: Error | null): Exchange['passedOn'] {
  if (error === null) return 'answered';
  return NOT_REACHED.has(codeOf(error)) ? 'not-reached' : 'lost';
}

/** A service that failed to answer; what was executed stays unknown unless it was never reached. */
function problemOf(error: Error): ProblemError {
  const cause = error.cause ?? error;
  if (cause instanceof ProblemError) return cause;
  const code = codeOf(cause);
  if (NOT_REACHED.has(code)) return problem('unavailable', { cause, headers: { 'retry-after': '1' } });
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return problem('timed-out', { cause });
  return problem('upstream-failed', { cause });
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
