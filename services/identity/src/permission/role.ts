import { z } from 'zod';

/** What a member is in the organization (docs/identity.md, 'Roles'). */
export const role = z.enum(['owner', 'admin', 'member', 'auditor', 'billing']);
export type Role = z.infer<typeof role>;
