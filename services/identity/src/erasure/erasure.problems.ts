import type { ProblemCode } from '@vouchsafe/service-host';
import type { ErasureRejection } from './erasure.decider.js';

export const erasureProblems = {
  'not-requested': 'not-found',
} as const satisfies Record<ErasureRejection['rejected'], ProblemCode>;
