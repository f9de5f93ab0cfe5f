/**
 * @promise P02 refuses callers who lack what the route declares, before a service is reached
 * @promise P11 (main) the application: session or key, permission, limits, the origin of a request with a cookie
 */
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import {
  addressGroup,
  assertAllowed,
  CONFIG,
  type HostConfig,
  OPERATION,
  type OperationDeclaration,
  problem,
} from '@vouchsafe/service-host';
import type { FastifyRequest } from 'fastify';
import { type Exchange, exchangeOf } from '../access-log/exchange.js';
import type { GatewayConfig } from '../gateway.config.js';
import { type Found, isUnambiguousPath, RouteIndex } from '../routes/route-index.js';
import { type Credential, ResolveCaller } from '../session/resolve-caller.js';
import { sessionIdOf, sessionIn } from '../session/session-cookie.js';
import { SessionKeys } from '../session/session-keys.js';
import { AllowedOrigins, assertSameSite } from './cross-site.js';
import { RateLimits } from './rate-limits.js';
import { SignedCalls } from './signed-calls.js';

/** Runs before every path: a request that is not declared, or not allowed to its caller, goes no further (P02, P11). */
@Injectable()
export class PublicServerGuard implements CanActivate {
  constructor(
    private readonly rateLimits: RateLimits,
    private readonly routes: RouteIndex,
    private readonly sessionKeys: SessionKeys,
    private readonly callers: ResolveCaller,
    private readonly origins: AllowedOrigins,
    private readonly signedCalls: SignedCalls,
    @Inject(CONFIG)
    private readonly config: Pick<
      GatewayConfig & HostConfig,
      'VOUCHSAFE_BODY_LIMIT' | 'VOUCHSAFE_FILE_LIMIT'
    >,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const exchange = exchangeOf(request);
    const address = addressGroup(exchange.sourceIp);
    await this.rateLimits.take('address', address);
    const own = Reflect.getMetadata(OPERATION, context.getHandler()) as OperationDeclaration | undefined;
    const { permission, effect, signedBy, upload } = own
      ? this.ownPage(exchange, own)
      : this.route(exchange, request);
    const { VOUCHSAFE_BODY_LIMIT, VOUCHSAFE_FILE_LIMIT } = this.config;
    if (
      Number(request.headers['content-length'] ?? 0) > (upload ? VOUCHSAFE_FILE_LIMIT : VOUCHSAFE_BODY_LIMIT)
    )
      throw problem('content-too-large');
    const isSigned = signedBy !== null && this.signedCalls.isPlausible(request.headers[signedBy]);
    // What nobody signed must not use up what the system that signs may send, so that is bounded by its address alone.
    if (permission === 'public' && effect === 'write' && !isSigned)
      await this.rateLimits.take('publicChange', address);
    if (signedBy !== null && !isSigned) throw this.signedCalls.refused(signedBy);
    await this.identify(exchange, request, permission === 'public');
    assertAllowed(exchange.caller, permission);
    return true;
  }

  private ownPage(exchange: Exchange, own: OperationDeclaration) {
    const { operation, entity, effect, permission } = own;
    exchange.route = { path: exchange.url, operation, entity, effect, stream: false, log: 'caller' };
    return { permission, effect, signedBy: null, upload: false };
  }

  private route(exchange: Exchange, request: FastifyRequest) {
    const [path = ''] = request.url.split('?', 1);
    if (!isUnambiguousPath(path)) throw problem('malformed-request', { detail: 'The path is ambiguous' });
    const preflight =
      request.method === 'OPTIONS' ? request.headers['access-control-request-method'] : undefined;
    const found = this.routes.find(preflight ?? request.method, path);
    if (preflight !== undefined && found && 'route' in found) return this.preflight(exchange);
    const { route, params } = assertFound(found);
    exchange.route = route;
    exchange.params = params;
    return route;
  }

  private preflight(exchange: Exchange) {
    exchange.route = {
      path: exchange.url,
      operation: 'cross-origin.ask',
      entity: { type: 'route', id: null },
      effect: 'read',
      stream: false,
      log: 'caller',
    };
    return { permission: 'public', effect: 'read', signedBy: null, upload: false } as const;
  }

  /** An API key takes precedence over a cookie: it is sent on purpose, while browsers send cookies by themselves. */
  private async identify(exchange: Exchange, request: FastifyRequest, optional: boolean): Promise<void> {
    const apiKey = bearerOf(request.headers.authorization);
    const session = sessionIn(request.headers.cookie);
    if (apiKey === null && session !== undefined && changes(exchange)) assertSameSite(request, this.origins);
    const credential: Credential | null = apiKey === null ? this.sessionOf(session) : { apiKey };
    const caller = credential && (await this.callers.resolve(credential));
    if (caller) {
      exchange.caller = caller;
      const { type, id } = caller.actor;
      await this.rateLimits.take(type === 'api-key' ? 'key' : 'account', id);
      return;
    }
    // An invalid key is an error; an expired cookie must not prevent a log-in.
    if (apiKey !== null || !optional) throw problem('unauthenticated');
  }

  private sessionOf(cookie: string | undefined): Credential | null {
    const session = cookie === undefined ? null : sessionIdOf(this.sessionKeys, cookie);
    return session === null ? null : { session };
  }
}

function assertFound(found: Found) {
  if (found === null) throw problem('not-found');
  if ('allowed' in found)
    throw problem('method-not-allowed', { headers: { allow: found.allowed.join(', ') } });
  return found;
}

/** By what the operation declares: a GET may have an effect, too. */
function changes({ route }: Exchange): boolean {
  return route?.effect === 'write';
}

function bearerOf(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  const key = /^Bearer ([A-Za-z0-9._~+/=-]{1,200})$/i.exec(authorization)?.[1];
  if (key === undefined)
    throw problem('unauthenticated', { detail: 'The Authorization header must be `Bearer` and an API key' });
  return key;
}
