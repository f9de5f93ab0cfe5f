/**
 * A path that no two programs read differently. What the gateway checks must be what the service executes, so everything
 * that a URL parser folds away is refused: empty and dot segments, backslashes, escaped slashes and dots, and escapes of characters
 * that need none (RFC 3986, 6.2.2.2): `%39` is `9` to the service, and would stand as another id in the access log (P23).
 */
export function isUnambiguousPath(path: string): boolean {
  if (!/^(?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@%]*)+$/.test(path)) return false;
  const segments = path.split('/').slice(1);
  return segments.every((segment, index) => {
    if (segment === '') return index === segments.length - 1;
    return !FOLDED_AWAY.test(segment) && segment !== '.' && segment !== '..';
  });
}

/** NUL, `%`, `/`, `\\`, and the unreserved characters: digits, letters, `-`, `.`, `_`, `~`. */
const FOLDED_AWAY = /%(?:00|25|2f|5c|3[0-9]|[46][1-9a-f]|[57][0-9a]|2[de]|5f|7e)/i;
