import { userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';
import { organization, user } from './entities.js';
import { role } from './role.js';

export const organizationRegistered = contract({
  type: 'vouchsafe.identity.organization-registered.v1',
  summary: 'A person signed up; the organization is pending until its owner has verified the email address.',
  entity: organization,
  schema: z.strictObject({ ...fact, name: z.string(), ownerId: userId }),
});

export const organizationActivated = contract({
  type: 'vouchsafe.identity.organization-activated.v1',
  summary: 'The first owner verified the email address; the organization can be used.',
  entity: organization,
  schema: z.strictObject({ ...fact }),
});

export const organizationRenamed = contract({
  type: 'vouchsafe.identity.organization-renamed.v1',
  summary: 'The organization has a new name.',
  entity: organization,
  schema: z.strictObject({ ...fact, name: z.string() }),
});

export const secondFactorRequirementChanged = contract({
  type: 'vouchsafe.identity.second-factor-requirement-changed.v1',
  summary: 'The organization now requires, or no longer requires, a second factor of its members (P12, P13).',
  entity: organization,
  schema: z.strictObject({ ...fact, required: z.boolean() }),
});

export const memberJoined = contract({
  type: 'vouchsafe.identity.member-joined.v1',
  summary: 'A person became a member, by sign-up or by an invitation.',
  entity: user,
  schema: z.strictObject({ ...fact, userId, role, how: z.enum(['sign-up', 'invitation']) }),
});

export const memberRoleChanged = contract({
  type: 'vouchsafe.identity.member-role-changed.v1',
  summary: 'A member has another role; the sessions of a member who lost permissions ended with it.',
  entity: user,
  schema: z.strictObject({ ...fact, userId, from: role, to: role }),
});

export const memberRemoved = contract({
  type: 'vouchsafe.identity.member-removed.v1',
  summary: 'A member was removed or left; sessions, credentials and API keys ended with it.',
  entity: user,
  schema: z.strictObject({ ...fact, userId, role }),
});
