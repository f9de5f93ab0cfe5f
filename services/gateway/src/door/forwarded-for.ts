import { isIP } from 'node:net';
import proxyAddress from '@fastify/proxy-addr';
import type { IncomingMessage } from 'node:http';

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
