import { isIPv6 } from 'node:net';

/**
 * The part of an address that one subscriber has: an IPv4 address, or the /64 of an IPv6 address, of which a subscriber holds every
 * other one as well (RFC 6177; temporary addresses, RFC 8981).
 */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  // The URL parser writes an address in its one canonical form (RFC 5952), then `::` stands for the zeros that are missing.
  const canonical = new URL(`http://[${address.split('%')[0] ?? ''}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const groups = [...before, ...zeros, ...after];
  return mappedIPv4(groups) ?? `${groups.slice(0, 4).join(':')}::/64`;
}

/** The IPv4 address in `::ffff:0:0/96` (RFC 4291 section 2.5.5.2): a proxy may write it without dots. */
function mappedIPv4(groups: readonly string[]): string | undefined {
  if (groups.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return undefined;
  return groups
    .slice(6)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((half) => [half >> 8, half & 0xff])
    .join('.');
}
