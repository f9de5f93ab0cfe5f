/**
 * A path that no two programs read differently. What the gateway checks must be what the service executes, so everything
 * that a URL parser folds away is refused: empty and dot segments, backslashes, escaped slashes and dots.
 */
export function isUnambiguousPath(path: string): boolean {
  if (!/^(?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@%]*)+$/.test(path)) return false;
  const segments = path.split('/').slice(1);
  return segments.every((segment, index) => {
    if (segment === '') return index === segments.length - 1;
    return !/%(?:2e|2f|5c|25|00)/i.test(segment) && segment !== '.' && segment !== '..';
  });
}
