import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { OrganizationEvent } from './organization.events.js';

export const organizationFacts = toFacts<OrganizationEvent>({
  'organization-registered': (event) =>
    publication(identityFacts.organizationRegistered, { ...factBase(event), ...event.data }),
  'organization-activated': (event) =>
    publication(identityFacts.organizationActivated, { ...factBase(event), ...event.data }),
  'organization-renamed': (event) =>
    publication(identityFacts.organizationRenamed, { ...factBase(event), ...event.data }),
  'second-factor-requirement-changed': (event) =>
    publication(identityFacts.secondFactorRequirementChanged, { ...factBase(event), ...event.data }),
  'member-joined': (event) => publication(identityFacts.memberJoined, { ...factBase(event), ...event.data }),
  'member-role-changed': (event) =>
    publication(identityFacts.memberRoleChanged, { ...factBase(event), ...event.data }),
  'member-removed': (event) =>
    publication(identityFacts.memberRemoved, { ...factBase(event), ...event.data }),
});
