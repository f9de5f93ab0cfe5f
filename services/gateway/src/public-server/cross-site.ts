import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, problem } from '@vouchsafe/service-host';
import type { FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../gateway.config.js';

/** Origins whose pages may use the API with a cookie; our own is among them. */
@Injectable()
export class AllowedOrigins {
  private readonly origins: ReadonlySet<string>;

  constructor(
    @Inject(CONFIG) config: Pick<GatewayConfig, 'VOUCHSAFE_PUBLIC_URL' | 'VOUCHSAFE_ALLOWED_ORIGINS'>,
  ) {
    this.origins = new Set([
      new URL(config.VOUCHSAFE_PUBLIC_URL).origin,
      ...config.VOUCHSAFE_ALLOWED_ORIGINS,
    ]);
  }

  has(origin: string): boolean {
    return this.origins.has(origin);
  }
}

/**
 * A browser sends the cookie along with what another site made it send. So a request with a cookie that changes something must
 * come from our own page, or from a configured origin (ASVS 3.5.1). An API key is never sent by itself: it needs neither.
 */
export function assertSameSite(request: FastifyRequest, allowedOrigins: AllowedOrigins): void {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (site === 'same-origin') return;
  if (origin !== undefined && allowedOrigins.has(origin)) return;
  throw problem('cross-site-request', {
    detail:
      'A request that changes something and carries a session cookie needs `Sec-Fetch-Site: same-origin`, which browsers send by ' +
      'themselves, or an `Origin` that VOUCHSAFE_PUBLIC_URL or VOUCHSAFE_ALLOWED_ORIGINS names. A request with an API key needs neither.',
  });
}

/** The answer to a preflight request (Fetch standard, 'CORS-preflight fetch'); nothing for origins that are not configured. */
export function preflightHeaders(
  request: FastifyRequest,
  allowedOrigins: AllowedOrigins,
  methods: readonly string[],
): Record<string, string> {
  const { origin } = request.headers;
  if (origin === undefined || !allowedOrigins.has(origin)) return {};
  return {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': 'authorization, content-type, idempotency-key, if-match',
    'access-control-max-age': '600',
  };
}
