import { Problem } from './problem.ts';
import type { World } from './world.ts';
import { ACCOUNT } from './balance.ts';

/** What restricted keys can be allowed. */
const rights: readonly (readonly [route: RegExp, permission: string])[] = [
  [/^GET \/v1\/balance(?:_transactions)?(?:\/|$)/, 'balance:read'],
  [/^GET \/v1\/payouts(?:\/|$)/, 'payouts:read'],
];

/** @throws Problem 401 for a key that is unknown, 403 for a restricted one that may not do this */
export function requireKey(
  world: World,
  secretKey: string,
  authorization: string | undefined,
  route: string,
): void {
  const key = keyOf(authorization);
  if (key === undefined)
    throw refused(
      401,
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.',
    );
  if (key === secretKey) return;
  const restricted = world.record('key', key);
  if (!restricted) throw refused(401, `Invalid API Key provided: ${masked(key)}`);
  const needed = rights.find(([pattern]) => pattern.test(route))?.[1];
  if (needed === undefined || !restricted.permissions.includes(needed))
    throw refused(
      403,
      `The provided key '${masked(key)}' does not have the required permissions for this endpoint on account '${ACCOUNT}'.`,
      'more_permissions_required',
    );
}

/** @param permissions `balance:read`, `payouts:read` */
export function makeRestrictedKey(world: World, permissions: readonly string[]): string {
  const key = world.newId('rk_test_', 40);
  world.setRecord('key', key, { permissions });
  return key;
}

function keyOf(authorization: string | undefined): string | undefined {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  if (/^bearer$/i.test(scheme)) return value;
  if (/^basic$/i.test(scheme)) return Buffer.from(value, 'base64').toString().split(':')[0];
  return undefined;
}

function masked(key: string): string {
  return key.length > 16 ? `${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}` : '********';
}

function refused(status: number, message: string, code?: string): Problem {
  return new Problem(status, { type: 'invalid_request_error', message, ...(code && { code }) }, false);
}
