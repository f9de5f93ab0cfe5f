import type { ProblemCode } from '@vouchsafe/service-host';
import type { OrganizationRejection } from './organization.decider.js';

export const organizationProblems = {
  'already-registered': 'conflict',
  'not-active': 'conflict',
  'no-such-member': 'not-found',
  'already-a-member': 'conflict',
  'last-owner': 'conflict',
  'beyond-own-role': 'forbidden',
  'inviter-may-not': 'gone',
} as const satisfies Record<OrganizationRejection['rejected'], ProblemCode>;
