import type { RejectionProblem } from '@vouchsafe/service-host';
import type { OrganizationRejection } from './organization.decider.js';

export const organizationProblems = {
  'already-registered': ['conflict', 'The organization already exists'],
  'not-active': [
    'conflict',
    'The organization is not active: its first owner has not confirmed their email address',
  ],
  'no-such-member': ['not-found', 'The organization has no such member'],
  'already-a-member': ['conflict', 'This person is already a member of the organization'],
  'last-owner': ['conflict', 'The organization must keep at least one owner'],
  'beyond-own-role': [
    'forbidden',
    'Your role lacks a permission of the role that the member has or would get',
  ],
  'inviter-may-not': ['gone', 'The person who sent this invitation can no longer invite anyone in this role'],
} as const satisfies Record<OrganizationRejection['rejected'], RejectionProblem>;
