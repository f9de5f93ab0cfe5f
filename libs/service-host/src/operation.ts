import { applyDecorators, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import type { ProblemCode } from './problems.js';
import type { Requirement } from './permissions.js';

export interface OperationDeclaration {
  /** What the caller must be allowed to do; asked at the gateway and again here (P02). */
  readonly permission: Requirement;
  /** `<entity>.<verb>`, unique in the service: the access log's name of what was done (P23), and the operation id. */
  readonly operation: `${string}.${string}`;
  /** What is operated on, and where its id stands: `path.id`, `response.userId`, `caller.organizationId`. */
  readonly entity: { readonly type: string; readonly id: EntityId | null };
  /** `write` when anything may change, for GET callbacks too: its access-log entry is durable before it starts. */
  readonly effect: 'read' | 'write';
  readonly summary: string;
  /** What a reader of the document needs to know beyond the summary. */
  readonly description?: string;
  /** Schema of each success, by status; `null` for an empty body, a media type for anything but JSON. */
  readonly answers: Readonly<Record<number, z.ZodType | `${string}/${string}` | null>>;
  /** The problems of this operation besides those that every one has. */
  readonly problems?: readonly ProblemCode[];
  /** Every POST that creates takes an Idempotency-Key; one that moves money at once is refused without it. */
  readonly idempotent?: boolean | 'required';
  /** `stream` when the body is long-lived (downloads, server-sent events): its entry is opened and closed. */
  readonly response?: 'stream';
  /** Headers of the answer besides those that every answer has; each may be missing. */
  readonly headers?: readonly AnswerHeader[];
  /** Headers of the problems that the operation itself answers with, besides those that every problem has; each may be missing. */
  readonly problemHeaders?: readonly AnswerHeader[];
  /** Whether an API key will do, too, where no permission is asked for that a key can hold. */
  readonly keys?: boolean;
  /**
   * The body is a file of any media type, not JSON: it reaches the handler as it arrives (`@FileBody()`), and the gateway passes it on in the
   * same way.
   */
  readonly body?: 'stream';
  /**
   * The header in which another system signs the body's bytes: they reach the handler as they came (`@RawBody()`), and the call stands in
   * the operator's log. The gateway refuses a request without the header before it costs anything.
   */
  readonly signedBy?: Lowercase<string>;
}

export type AnswerHeader =
  | 'X-Request-Id'
  | 'Retry-After'
  | 'WWW-Authenticate'
  | 'ETag'
  | 'Set-Cookie'
  | 'RateLimit-Policy'
  | 'RateLimit'
  | 'Accept-Ranges'
  | 'Content-Disposition'
  | 'Content-Range'
  | 'Repr-Digest';

export type EntityId =
  `path.${string}` | `response.${string}` | `caller.${'organizationId' | 'actorId' | 'sessionId'}`;

export const OPERATION = 'vouchsafe:operation';

/** Declares a route. A route without it, or a message handler without `@ReactsTo`, stops the boot (ARCHITECTURE.md, rule 4). */
export function Operation(declaration: OperationDeclaration): MethodDecorator {
  const answers = Object.entries(declaration.answers).map(([status, answer]) =>
    ApiResponse({
      status: Number(status),
      description: declaration.summary,
      ...(answer === null
        ? {}
        : typeof answer === 'string'
          ? { content: { [answer]: { schema: contentOf(answer) } } }
          : { standardSchema: answer }),
    }),
  );
  return applyDecorators(
    SetMetadata(OPERATION, declaration),
    ApiOperation({
      operationId: methodName(declaration.operation),
      summary: declaration.summary,
      ...(declaration.description !== undefined && { description: declaration.description }),
    }),
    ApiExtension('x-permission', declaration.permission),
    ApiExtension('x-operation', declaration.operation),
    ApiExtension('x-entity', { ...declaration.entity }),
    ApiExtension('x-effect', declaration.effect),
    ...(declaration.response ? [ApiExtension('x-response', declaration.response)] : []),
    ...(declaration.body
      ? [RouteConfig({ isStreamed: true }), ApiExtension('x-body', declaration.body)]
      : []),
    ...(declaration.signedBy ? signed(declaration.signedBy) : []),
    ...answers,
  );
}

function signed(header: string): MethodDecorator[] {
  return [
    RouteConfig({ isRaw: true }),
    ApiHeader({ name: header, description: 'The sender’s signature over the bytes of the body' }),
    ApiExtension('x-signed-by', header),
    ApiExtension('x-log', 'operator'),
  ];
}

/** A client's method: `api-key.create` is `apiKeyCreate`. */
function methodName(operation: string): string {
  return operation.replaceAll(/[.-](.)/g, (_, letter: string) => letter.toUpperCase());
}

function contentOf(mediaType: string) {
  return mediaType.startsWith('text/') ? { type: 'string' } : { type: 'string', format: 'binary' };
}
