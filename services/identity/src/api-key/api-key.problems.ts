import type { ProblemCode } from '@vouchsafe/service-host';
import type { ApiKeyRejection } from './api-key.decider.js';

export const apiKeyProblems = {
  'already-created': 'conflict',
  'scope-beyond-creator': 'forbidden',
  'expires-in-the-past': 'rejected',
  'not-live': 'not-found',
} as const satisfies Record<ApiKeyRejection['rejected'], ProblemCode>;
