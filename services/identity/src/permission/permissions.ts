/**
 * @promise P02 what each role may do; what is not named is denied
 * @promise P19 privileges by role
 */
import { inactivePermissions, type Permission } from '@vouchsafe/service-host';
import type { Role } from './role.js';

/**
 * What each role may do in its organization (P02, P19; ASVS 8.1.1). Whatever is not named here is denied. A role that the
 * operator's staff holds in a customer's organization comes from a grant, never from this table.
 */
export const permissionsByRole = {
  owner: [
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
    'billing:read',
    'billing:write',
    // For the keys that an owner creates: a key never has more than its creator's role.
    'stripe:read',
    'lifecycle:read',
    'lifecycle:write',
    'returns:read',
    'returns:write',
    'attachments:read',
    'attachments:write',
    'holds:read',
    'holds:write',
    'requests:read',
    'requests:write',
    'records:read',
  ],
  admin: [
    'organization:read',
    'members:read',
    'members:write',
    'invitations:write',
    'api-keys:write',
    'audit:read',
    'audit:write',
    'audit:export',
    'security:read',
    'billing:read',
    'lifecycle:read',
    'attachments:read',
    'attachments:write',
    'holds:read',
    'requests:read',
    'requests:write',
  ],
  member: ['organization:read', 'members:read', 'attachments:read', 'attachments:write'],
  auditor: ['organization:read', 'members:read', 'audit:read', 'audit:export', 'security:read'],
  billing: ['organization:read', 'billing:read', 'billing:write'],
} as const satisfies Record<Role, readonly Permission[]>;

export function permissionsOf(held: Role): readonly Permission[] {
  return permissionsByRole[held];
}

/** An organization that has ended is its owners' alone (P31). */
export function permissionsWhileInactive(held: Role): readonly Permission[] {
  if (held !== 'owner') return [];
  return permissionsOf(held).filter((permission) => inactivePermissions.includes(permission));
}

/** A role never hands out more than it holds: an admin does not make owners (ASVS 8.2.1). */
export function mayGrant(granting: Role, granted: Role): boolean {
  const held = new Set<Permission>(permissionsOf(granting));
  return permissionsOf(granted).every((permission) => held.has(permission));
}

/** Whether somebody in a role can ask others to join in a role: the right to invite, and nothing beyond the own role. */
export function mayInvite(inviting: Role, granted: Role): boolean {
  return permissionsOf(inviting).includes('invitations:write') && mayGrant(inviting, granted);
}

/** True where `to` lacks something that `from` holds: sessions that carry it must end. */
export function losesPermissions(from: Role, to: Role): boolean {
  return !mayGrant(to, from);
}
