import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable } from '@nestjs/common';
import { postgresFault } from '@vouchsafe/database';
import { ConcurrencyConflictError } from '@vouchsafe/event-store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceLogger } from './logging.js';
import { problem, type ProblemCode, ProblemError } from './problems.js';
import { requestContext } from './request-context.js';
import type { RouteTable } from './route-table.js';

/**
 * The one way an error leaves: as a problem document (RFC 9457). What no code foresaw is logged and answered as `internal`
 * with the request id only: never a message, never a stack (ASVS 16.5.1).
 */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: ServiceLogger,
    private readonly routes: RouteTable,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    const found = this.problemOf(exception, request);
    if (found.status >= 500) this.logger.error({ err: exception, code: found.code }, 'Request failed');
    sendProblem(reply, found);
  }

  private problemOf(exception: unknown, request: FastifyRequest): ProblemError {
    if (exception instanceof ProblemError) return exception;
    if (exception instanceof ConcurrencyConflictError)
      return problem('concurrent-change', { cause: exception });
    const fault = codeOfFault[postgresFault(exception)?.fault ?? ''];
    if (fault) return problem(fault, { cause: exception });
    const status = statusOf(exception);
    if (status === 404 && request.is404) return this.routes.missing(request.method, request.url);
    const code = status === undefined ? undefined : codeOfStatus[status];
    return problem(code ?? 'internal', { cause: exception, ...(code && detailOfCode[code]) });
  }
}

export function sendProblem(
  reply: FastifyReply,
  found: ProblemError,
  requestId = requestContext()?.requestId ?? null,
): void {
  // A stream that has begun cannot turn into a problem: cut it, so that the client sees it incomplete.
  if (reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  void reply
    .code(found.status)
    .headers({ ...challengeOf(found.status), ...found.headers, 'cache-control': 'no-store' })
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(found.document(requestId));
}

/** A 401 says how to authenticate (RFC 9110 section 15.5.2). */
function challengeOf(status: number): Record<string, string> {
  return status === 401 ? { 'www-authenticate': 'Bearer' } : {};
}

function statusOf(exception: unknown): number | undefined {
  if (exception instanceof HttpException) return exception.getStatus();
  if (typeof exception !== 'object' || exception === null) return undefined;
  // Fastify's own errors carry a status and a code with this prefix; other libraries' numbers mean nothing here.
  const { code, statusCode } = exception as { code?: unknown; statusCode?: unknown };
  const fastify = typeof code === 'string' && code.startsWith('FST_');
  return fastify && typeof statusCode === 'number' ? statusCode : undefined;
}

/** What the database ended for reasons that are not the request's fault and will pass. */
const codeOfFault: Readonly<Partial<Record<string, ProblemCode>>> = {
  deadlock_detected: 'concurrent-change',
  serialization_failure: 'concurrent-change',
  query_canceled: 'timed-out',
};

/** What the framework refuses without saying what it wants. */
const detailOfCode: Readonly<Partial<Record<ProblemCode, { readonly detail: string }>>> = {
  'unsupported-media-type': { detail: 'The body must be sent as application/json' },
};

/** What the framework refuses by itself, before a controller could. */
const codeOfStatus: Readonly<Partial<Record<number, ProblemCode>>> = {
  400: 'malformed-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'not-acceptable',
  413: 'content-too-large',
  414: 'url-too-long',
  415: 'unsupported-media-type',
  429: 'too-many-requests',
  431: 'headers-too-large',
  503: 'unavailable',
};
