import { accepted, problem, type RejectionProblem } from '@vouchsafe/service-host';
import type { OrderRejection } from './carry-out.js';

/** How each rejection of an order is answered. */
export const orderProblems = {
  'card-declined': ['rejected', 'The card was declined; choose another one'],
  'authentication-required': [
    'rejected',
    'The bank asks for authentication; save the card again, then retry',
  ],
  'not-found': ['not-found', 'Stripe does not know this, or it is not yours'],
  'not-possible': ['conflict', 'Stripe does not allow this in the present state'],
  'changed-since': ['precondition-failed', 'The subscription has changed since; ask for a new preview'],
  expired: ['gone', 'This request is more than a day old; send a new one'],
  unavailable: ['unavailable', 'Stripe is unavailable; nothing was ordered'],
  'outcome-unknown': [
    'outcome-unknown',
    'Stripe has not answered yet; billing keeps trying. If the request had an Idempotency-Key, repeat it with the same key to learn the outcome',
  ],
} as const satisfies Record<OrderRejection['rejected'], RejectionProblem>;

const RETRY_SECONDS = '5';

/** The result of an order; as `accepted`, and where Stripe is away the problem says when to try again. */
export function ordered<Result extends object, Reason extends string>(
  result: Result | { readonly rejected: Reason },
  problemOf: Readonly<Record<Reason, RejectionProblem>>,
) {
  if ('rejected' in result) {
    const { rejected: reason } = result;
    const [code, detail] = problemOf[reason];
    if (code === 'unavailable' || code === 'outcome-unknown')
      throw problem(code, { detail, reason, headers: { 'retry-after': RETRY_SECONDS } });
  }
  return accepted<Result, Reason>(result, problemOf);
}
