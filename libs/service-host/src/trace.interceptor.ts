import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { Observable } from 'rxjs';
import { OPERATION, type OperationDeclaration } from './operation.js';

const tracer = trace.getTracer('@vouchsafe/service-host');

/** A span for each operation, named as the access log names it (the public Nest instrumentation refuses Nest 12). */
@Injectable()
export class TraceInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const declaration = Reflect.getMetadata(OPERATION, execution.getHandler()) as
      OperationDeclaration | undefined;
    if (!declaration) return next.handle();
    const span = tracer.startSpan(declaration.operation, {
      attributes: { 'vouchsafe.effect': declaration.effect },
    });
    const withSpan = trace.setSpan(context.active(), span);
    return new Observable((subscriber) =>
      context.with(withSpan, () =>
        next.handle().subscribe({
          next: (value) => subscriber.next(value),
          error: (error: unknown) => {
            span.setStatus({ code: SpanStatusCode.ERROR });
            span.end();
            subscriber.error(error);
          },
          complete: () => {
            span.end();
            subscriber.complete();
          },
        }),
      ),
    );
  }
}
