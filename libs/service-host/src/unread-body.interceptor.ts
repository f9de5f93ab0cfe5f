import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { OPERATION, type OperationDeclaration } from './operation.js';
import { problem } from './problems.js';

/** Refuses a body that says something where the operation reads none: the sender would believe it had an effect. */
@Injectable()
export class UnreadBodyInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { body } = execution.switchToHttp().getRequest<FastifyRequest>();
    // Asked first: a body that is read may be large.
    if (!readsBody(execution) && saysSomething(body)) {
      throw problem('invalid-request', {
        errors: [{ pointer: '', detail: 'must be empty: this operation reads no body' }],
      });
    }
    return next.handle();
  }
}

/** An empty object is what many clients send where they have nothing to say. */
function saysSomething(body: unknown): boolean {
  return body !== undefined && (typeof body !== 'object' || body === null || Object.keys(body).length > 0);
}

function readsBody(execution: ExecutionContext): boolean {
  const declared = Reflect.getMetadata(OPERATION, execution.getHandler()) as OperationDeclaration | undefined;
  if (declared?.signedBy !== undefined || declared?.body !== undefined) return true;
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, execution.getClass(), execution.getHandler().name) ??
    {}) as Record<string, unknown>;
  return Object.keys(args).some((key) => key.startsWith(`${RouteParamtypes.BODY}:`));
}
