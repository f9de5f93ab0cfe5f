import type { RejectionProblem } from '@vouchsafe/service-host';
import type { SetKeyRejection } from './set-stripe-key.js';
import type { UseKeyRejection } from './use-stripe-key.js';

/** How each rejection is answered. */
export const stripeKeyProblems = {
  'no-key': ['not-found', 'The organization has no Stripe key here'],
  'key-not-usable': [
    'rejected',
    'What is stored is not the key that was set last, or was changed since: set the key again',
  ],
  'wrong-mode': ['rejected', 'Use a live key in production and a test key everywhere else', '/key'],
  'key-refused': [
    'rejected',
    'Stripe does not let this key read; create a restricted key that may read the balance or payouts, and set it',
  ],
  'key-not-permitted': ['rejected', 'The key lacks the permission to read this at Stripe'],
  'not-possible': ['rejected', 'Stripe does not allow this request'],
  unavailable: [
    'unavailable',
    'Stripe is unavailable, or the organization has too many requests there at once; try again later',
  ],
} as const satisfies Record<(SetKeyRejection | UseKeyRejection)['rejected'], RejectionProblem>;
