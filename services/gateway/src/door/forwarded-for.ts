import { isIP } from 'node:net';

/**
 * The client's address. `X-Forwarded-For` grows to the right with every proxy, and all that stands left of what our own proxies
 * wrote may be invented: so it is read from the right end, through as many hops as are configured.
 * @param peer address of the connection
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | string[] | undefined,
  hops: number,
): string {
  const list = (Array.isArray(forwardedFor) ? forwardedFor.join(',') : (forwardedFor ?? ''))
    .split(',')
    .map((address) => address.trim())
    .filter(Boolean);
  const chain = [...list, peer];
  // Hop 0 is the connection itself; each trusted proxy speaks for the address before its own.
  let address = peer;
  for (let hop = 1; hop <= hops; hop += 1) {
    const before = chain[chain.length - 1 - hop];
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
