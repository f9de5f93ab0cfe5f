/** @promise P28 keeps browsers from running anything that is answered */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AllowedOrigins } from './cross-site.js';

/** What every answer says to browsers; a page of ours (`/docs`) brings its own content security policy. */
export function addSecurityHeaders(
  reply: FastifyReply,
  request: FastifyRequest,
  allowedOrigins: AllowedOrigins,
): void {
  void reply.headers({
    'strict-transport-security': 'max-age=63072000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  });
  if (!reply.hasHeader('content-security-policy')) {
    void reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox");
  }
  if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
  const { origin } = request.headers;
  if (origin === undefined || !allowedOrigins.has(origin)) return;
  void reply.headers({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers':
      'etag, x-request-id, retry-after, idempotency-replayed, ratelimit, ratelimit-policy',
    'cross-origin-resource-policy': 'cross-origin',
  });
  void reply.header('vary', 'origin');
}
