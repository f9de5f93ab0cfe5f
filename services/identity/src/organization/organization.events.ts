import { eventCatalog, type EventOf, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { role } from '../permission/role.js';

/** Stream `organization-<id>`: the organization and who belongs to it, so that one decider guards the last owner. */
export const organizationEvents = eventCatalog({
  'organization-registered': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, name: z.string(), ownerId: userId }),
  },
  'organization-activated': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId }),
  },
  'organization-renamed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, name: z.string() }),
  },
  'second-factor-requirement-changed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, required: z.boolean() }),
  },
  'member-joined': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, userId, role, how: z.enum(['sign-up', 'invitation']) }),
  },
  'member-role-changed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, userId, from: role, to: role }),
  },
  'member-removed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, userId, role }),
  },
});

export type OrganizationEvent = EventOf<typeof organizationEvents>;
