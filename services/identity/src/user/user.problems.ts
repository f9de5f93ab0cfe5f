import type { ProblemCode } from '@vouchsafe/service-host';
import type { UserRejection } from './user.decider.js';

export const userProblems = {
  'already-registered': 'conflict',
  'no-such-user': 'not-found',
  'consent-missing': 'rejected',
  'not-verified': 'conflict',
  'no-such-authenticator': 'not-found',
  'second-factor-required': 'conflict',
  'longer-password-required': 'conflict',
} as const satisfies Record<UserRejection['rejected'], ProblemCode>;
