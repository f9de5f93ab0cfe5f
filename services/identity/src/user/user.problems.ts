import type { RejectionProblem } from '@vouchsafe/service-host';
import type { UserRejection } from './user.decider.js';

export const userProblems = {
  'already-registered': ['conflict', 'The account already exists'],
  'no-such-user': ['not-found', 'There is no such account'],
  'consent-missing': ['rejected', 'Accept the current version of every legal document'],
  'not-verified': ['conflict', 'The email address of the account is not confirmed yet'],
  'no-such-authenticator': ['not-found', 'The account has no such authenticator'],
  'second-factor-required': [
    'conflict',
    'The organization requires a second factor: enrol another one first',
  ],
  'longer-password-required': [
    'conflict',
    'The password is too short to be used without a second factor: choose a longer one first',
  ],
} as const satisfies Record<UserRejection['rejected'], RejectionProblem>;
