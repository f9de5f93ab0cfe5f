/** @promise P28 hands bytes out as a download: no browser runs it, shows it or guesses its type */
import { applyDecorators, Header, StreamableFile } from '@nestjs/common';
import { ENTRY_DETAILS_HEADER, entryDetails } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { contentDisposition } from './content-disposition.js';
import { digestOf } from './digest.js';
import type { OpenedBody } from './open-body.js';

/** Headers of every download. */
export function Download(): MethodDecorator {
  return applyDecorators(
    Header('cache-control', 'no-store'),
    Header('content-security-policy', "sandbox; default-src 'none'"),
    Header('x-content-type-options', 'nosniff'),
    Header('accept-ranges', 'bytes'),
  );
}

export const downloadHeaders = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'Repr-Digest',
] as const;

/** @param details for the entry in the access log, besides which bytes were given */
export function sendBody(
  reply: FastifyReply,
  { size, range, content }: OpenedBody,
  {
    sha256,
    type,
    name,
    details,
  }: {
    readonly sha256: string;
    readonly type: string;
    readonly name: string;
    readonly details: Readonly<Record<string, string | number>>;
  },
): StreamableFile {
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const length = end - start + 1;
  void reply.header('repr-digest', digestOf(sha256));
  void reply.header(ENTRY_DETAILS_HEADER, entryDetails({ ...details, from: start, bytes: length }));
  if (range) void reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
  return new StreamableFile(content, { type, disposition: contentDisposition(name), length });
}
