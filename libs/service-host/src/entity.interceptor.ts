import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Observable, tap } from 'rxjs';
import { ENTITY_HEADER } from './internal-headers.js';
import { OPERATION, type OperationDeclaration } from './operation.js';

/**
 * Tells the gateway the id of an entity that only the answer knows (`response.userId`), so that the access log names it
 * (P23) and the gateway need not read bodies.
 */
@Injectable()
export class EntityInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const declaration = Reflect.getMetadata(OPERATION, execution.getHandler()) as
      OperationDeclaration | undefined;
    const field = /^response\.(.+)$/.exec(declaration?.entity.id ?? '')?.[1];
    if (field === undefined) return next.handle();
    const reply = execution.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      tap((body: unknown) => {
        const id =
          typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[field] : undefined;
        if (typeof id === 'string') void reply.header(ENTITY_HEADER, id);
      }),
    );
  }
}
