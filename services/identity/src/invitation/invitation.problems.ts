import type { ProblemCode } from '@vouchsafe/service-host';
import type { InvitationRejection } from './invitation.decider.js';

export const invitationProblems = {
  'already-created': 'conflict',
  'beyond-own-role': 'forbidden',
  'not-open': 'gone',
  expired: 'gone',
} as const satisfies Record<InvitationRejection['rejected'], ProblemCode>;
