/**
 * @promise P02 lets a caller in with what the route declares and nothing else, in every service
 * @promise P11 the service: a token of the gateway's for this service and this operation
 */
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { assertAllowed, setCaller } from './caller.js';
import { idempotencyKeyRequired } from './idempotency.js';
import { INTERNAL_TOKEN_HEADER } from './internal-headers.js';
import type { InternalTokenVerifier } from './internal-token.js';
import { OPERATION, type OperationDeclaration } from './operation.js';
import { problem } from './problems.js';
import { requestContext } from './request-context.js';

/**
 * Stands before every route of a service: only the gateway and other services come in, each with a token made for this
 * service (P11), and only with what the route declares (P02).
 */
@Injectable()
export class InternalIdentityGuard implements CanActivate {
  private readonly reflector = new Reflector();

  constructor(private readonly verifier: InternalTokenVerifier) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const declaration = this.reflector.get<OperationDeclaration | undefined>(OPERATION, context.getHandler());
    if (!declaration) throw problem('forbidden', { detail: 'The route does not declare an operation' });
    const who = await this.callerOf(request);
    assertAllowed(who, declaration.permission);
    if (declaration.idempotent === 'required' && request.headers['idempotency-key'] === undefined)
      throw idempotencyKeyRequired();
    // What the access log calls this request and what is executed must be the same (P23).
    if (who.operation !== undefined && who.operation !== declaration.operation) {
      throw problem('forbidden', { detail: `The token is for the operation ${who.operation}` });
    }
    const current = requestContext();
    if (current) {
      current.requestId = who.requestId.startsWith('service:') ? current.requestId : who.requestId;
      current.operation = declaration.operation;
    }
    setCaller(request, { ...who, traceparent: current?.traceparent ?? null });
    return true;
  }

  private async callerOf(request: FastifyRequest) {
    const token = request.headers[INTERNAL_TOKEN_HEADER];
    if (typeof token !== 'string') throw problem('unauthenticated');
    try {
      return await this.verifier.verify(token);
    } catch (cause) {
      throw problem('unauthenticated', { cause });
    }
  }
}
