import { Injectable } from '@nestjs/common';
import { Agent } from 'undici';
import type { z } from 'zod';
import { INTERNAL_TOKEN_HEADER } from './internal-headers.js';
import type { InternalTokens } from './internal-token.js';
import { outgoingTrace, requestContext } from './request-context.js';

export interface InternalRequest<Schema extends z.ZodType> {
  /** The service asked; the token is made for it alone. */
  readonly audience: string;
  /** `http://host:port` */
  readonly origin: string;
  readonly method?: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly body?: object;
  readonly answer: Schema;
  readonly timeoutMs?: number;
}

/** A service that was asked did not answer with what was expected. `status` is null when nobody answered. */
export class InternalRequestError extends Error {
  override readonly name = 'InternalRequestError';
  constructor(
    readonly audience: string,
    readonly status: number | null,
    options?: ErrorOptions,
  ) {
    super(`${audience} answered ${status ?? 'nothing'}`, options);
  }
}

/** Questions to other services (ARCHITECTURE.md, rule 3), over kept-alive connections, signed as this service. */
@Injectable()
export class InternalClient {
  private readonly agent = new Agent({ connections: 64, pipelining: 1, keepAliveTimeout: 30_000 });

  constructor(private readonly tokens: InternalTokens) {}

  async ask<Schema extends z.ZodType>(question: InternalRequest<Schema>): Promise<z.output<Schema>> {
    const { audience, origin, method = 'GET', path, body, answer, timeoutMs = 5000 } = question;
    const context = requestContext();
    const token = await this.tokens.signAsService(audience);
    const response = await this.agent
      .request({
        origin,
        method,
        path,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: {
          [INTERNAL_TOKEN_HEADER]: token,
          ...(context ? { 'x-request-id': context.requestId, ...outgoingTrace(context.traceparent) } : {}),
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      .catch((cause: unknown) => {
        throw new InternalRequestError(audience, null, { cause });
      });
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw new InternalRequestError(audience, response.statusCode);
    }
    const read = answer.safeParse(await response.body.json());
    if (!read.success) throw new InternalRequestError(audience, response.statusCode, { cause: read.error });
    return read.data;
  }

  close(): Promise<void> {
    return this.agent.close();
  }
}
