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
  'billing:read',
  'billing:write',
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
  'staff-grants:write',
  'staff-devices:write',
  'operations:write',
] as const;
export type Permission = (typeof permissions)[number];

/** What each permission allows, for users of the API; docs/permissions.md is generated from it. */
export const permissionMeanings: Readonly<Record<Permission, string>> = {
  'organization:read': 'Read the organization’s name and settings',
  'organization:write': 'Rename the organization, and require a second factor of its members',
  'members:read': 'List the members and invitations; follow the erasure of a member',
  'members:write': 'Change the roles of members, remove members, and request erasures',
  'invitations:write': 'Invite people and revoke invitations',
  'api-keys:write': 'List, create and revoke API keys',
  'audit:read': 'Search audit entries; read the logs, their proofs and keys, and the list of auditors’ paths',
  'audit:write': 'Record audit entries',
  'audit:export': 'Make and download forensic exports; give auditors a path to a log, and revoke it',
  'security:read':
    'Read the security overview (how many members have a second factor), the inventory of personal data, and the retention policies',
  'billing:read': 'Read prices, the customer, payment methods, subscriptions and invoices',
  'billing:write':
    'Save payment methods; start, change, cancel and resume subscriptions; open Stripe’s pages; keep the organization’s own Stripe key',
  'stripe:read': 'Read, by the organization’s own Stripe key, what it allows us to read at Stripe',
  'lifecycle:read': 'See whether the organization has ended, and what happens to its data when',
  'lifecycle:write': 'Close the account of the organization, and reopen it',
  'returns:read': 'See and download the archives of the organization’s data',
  'returns:write': 'Have all data of the organization put into an archive, and delete the archive',
  'attachments:read': 'List and download the files of the organization',
  'attachments:write': 'Store and delete files of the organization',
  'holds:read': 'List the legal holds on the organization’s data, and see what they stop',
  'holds:write': 'Place, review and release legal holds on the organization’s data',
  'requests:read': 'Read the requests of data subjects to the organization',
  'requests:write':
    'Enter requests of data subjects for others, decide about them, and approve erasures that they ask for',
  'records:read': 'Read the record of processing activities (Article 30 GDPR)',
  'staff-grants:write':
    'Reserved for a later version: give the operator’s staff access to an organization for a limited time',
  'staff-devices:write': 'Reserved for a later version: register the devices of the operator’s staff',
  'operations:write': 'Reserved for a later version: operate the system as the operator’s staff',
};

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
  'billing:read',
  'stripe:read',
  'attachments:read',
  'attachments:write',
] as const satisfies readonly Permission[];

/**
 * What the owners of an inactive organization may still do: see what it has, take it with them, and come back. Everybody else, and every
 * key, may do nothing (P31).
 */
export const inactivePermissions: readonly Permission[] = [
  'organization:read',
  'members:read',
  'audit:read',
  'audit:export',
  'billing:read',
  'billing:write',
  'lifecycle:read',
  'lifecycle:write',
  'returns:read',
  'returns:write',
  'attachments:read',
  'holds:read',
  'holds:write',
  'requests:read',
  'requests:write',
];

/**
 * What an operation asks of its caller: a permission, or one of four that no role grants:
 * `public` (anybody), `session` (any session, also one that may only enrol a second factor or accept documents),
 * `self` (a full session or key; the operation concerns the caller alone), `service` (another service of ours).
 */
export const requirements = ['public', 'session', 'self', 'service', ...permissions] as const;
export type Requirement = (typeof requirements)[number];
