import { isIPv6 } from 'node:net';

/**
 * The part of an address that one subscriber has: an IPv4 address, or the /64 of an IPv6 address, of which a subscriber holds every
 * other one as well (RFC 6177; temporary addresses, RFC 8981).
 */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1] ?? address;
  if (!isIPv6(address)) return address;
  // The URL parser writes an address in its one canonical form (RFC 5952), then `::` stands for the zeros that are missing.
  const canonical = new URL(`http://[${address.split('%')[0] ?? ''}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return `${[...before, ...(tail === undefined ? [] : zeros), ...after].slice(0, 4).join(':')}::/64`;
}
