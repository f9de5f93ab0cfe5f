import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { callerOf } from '@vouchsafe/service-host';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, from, mergeMap, type Observable, throwError } from 'rxjs';
import { volumeHeaders, VolumeLimits } from './volume.js';

/** What was refused before it was counted says, too, what is left. */
@Injectable()
export class VolumeHeaders implements NestInterceptor {
  constructor(private readonly volume: VolumeLimits) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const { organizationId } = callerOf(http.getRequest<FastifyRequest>());
    return next.handle().pipe(
      catchError((refusal: unknown) => {
        if (reply.hasHeader('ratelimit') || organizationId === null) return throwError(() => refusal);
        return from(this.volume.read(organizationId)).pipe(
          mergeMap((usages) => {
            void reply.headers(volumeHeaders(usages));
            return throwError(() => refusal);
          }),
        );
      }),
    );
  }
}
