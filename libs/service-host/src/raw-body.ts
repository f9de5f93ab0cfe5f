import { Readable } from 'node:stream';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** `@RawBody() body: Buffer` in an operation that is `signedBy` its sender: the bytes as they came, none where there is no body. */
export const RawBody = createParamDecorator((_: unknown, context: ExecutionContext): Buffer => {
  const { body } = context.switchToHttp().getRequest<FastifyRequest>();
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
});

/** A file that is being received. */
export interface FileBody {
  /** Fails where the sender goes away before the end. */
  readonly content: Readable;
  /** As it was declared; null where it was not. */
  readonly mediaType: string | null;
  /** Bytes, where they were declared: then neither more nor fewer arrive. */
  readonly length: number | null;
}

/** `@FileBody() body: FileBody` in an operation whose `body` is a stream; without a body, an empty file. */
export const FileBody = createParamDecorator((_: unknown, context: ExecutionContext): FileBody => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const { body, headers } = request;
  const length = headers['content-length'];
  return {
    content: body instanceof Readable ? body : Readable.from([]),
    mediaType: mediaTypes.get(request) ?? null,
    length: length === undefined ? (body instanceof Readable ? null : 0) : Number(length),
  };
});

const mediaTypes = new WeakMap<FastifyRequest, string>();

export function noteMediaType(request: FastifyRequest): void {
  const mediaType = request.headers['content-type'];
  if (mediaType !== undefined) mediaTypes.set(request, mediaType);
}
