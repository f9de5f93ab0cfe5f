import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import proxyAddress from '@fastify/proxy-addr';
import { Inject, Injectable } from '@nestjs/common';
import { Clock, CONFIG, newTraceparent, requestContext } from '@vouchsafe/service-host';
import type { FastifyRequest } from 'fastify';
import { beginExchange, type Exchange } from '../access-log/exchange.js';
import { maskedUrl } from '../access-log/masked-url.js';
import type { GatewayConfig } from '../gateway.config.js';

/** What is known of a request when it comes in: the first that is noted of its exchange. */
@Injectable()
export class Arrival {
  constructor(
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'VOUCHSAFE_TRUSTED_HOPS'>,
  ) {}

  arrive(request: FastifyRequest): Exchange {
    const context = requestContext();
    return beginExchange(request, {
      requestId: context?.requestId ?? randomUUID(),
      traceparent: context?.traceparent ?? newTraceparent(),
      receivedAt: this.clock.now(),
      url: maskedUrl(request.raw.url ?? ''),
      sourceIp: clientAddress(request.raw, this.config.VOUCHSAFE_TRUSTED_HOPS),
    });
  }
}

/**
 * The client's address. `X-Forwarded-For` grows to the right with every proxy, and all that stands left of what our own proxies
 * wrote may be invented: so it is read from the right end, through as many hops as are configured, until something is no address.
 */
export function clientAddress(request: IncomingMessage, hops: number): string {
  const chain = proxyAddress.all(request, (_, hop) => hop < hops);
  const end = chain.findIndex((address) => isIP(address) === 0);
  const address = chain.at(end === -1 ? -1 : end - 1) ?? '0.0.0.0';
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
