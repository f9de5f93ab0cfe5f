/**
 * What a role or an API key's scope can allow (P19). Which role holds which stands in identity.
 * @promise P02 the permissions that there are, and those that an API key can hold
 */
export const permissions = [
  'organization:read',
  'organization:write',
  'members:read',
  'members:write',
  'invitations:write',
  'api-keys:write',
  'audit:read',
  'audit:write',
  'audit:export',
  'security:read',
  'staff-grants:write',
  'staff-devices:write',
  'operations:write',
] as const;
export type Permission = (typeof permissions)[number];

/**
 * What a program may do (P02). Members, keys and the organization itself are changed by people, who prove themselves anew; a key
 * can't, and a leaked one must not be worth more than what it was made for.
 */
export const keyPermissions = [
  'organization:read',
  'members:read',
  'audit:read',
  'audit:write',
  'audit:export',
  'security:read',
] as const satisfies readonly Permission[];

/**
 * What an operation asks of its caller: a permission, or one of four that no role grants:
 * `public` (anybody), `session` (any session, also one that may only enrol a second factor or accept documents),
 * `self` (a full session or key; the operation concerns the caller alone), `service` (another service of ours).
 */
export const requirements = ['public', 'session', 'self', 'service', ...permissions] as const;
export type Requirement = (typeof requirements)[number];
