import { accepted, problem, type RejectionProblem } from '@vouchsafe/service-host';
import type { OrderRejection } from './carry-out.js';

/** How each rejection of an order is answered; a controller says it in its own words where it knows more. */
export const orderProblems = {
  'card-declined': [
    'rejected',
    'The card was declined. Choose another card and send a new request with a new Idempotency-Key.',
  ],
  'authentication-required': [
    'rejected',
    'The bank requires authentication. Save the card again so that the person can authenticate.',
  ],
  'no-payment-method': [
    'rejected',
    'There is no card to charge. Save a card and make it the default, or send its paymentMethodId.',
  ],
  'other-currency': [
    'rejected',
    'The organization pays in another currency. Choose a price in that currency.',
    '/priceId',
  ],
  'not-found': [
    'not-found',
    'The customer was deleted at Stripe. Send the request again after a minute, with a new Idempotency-Key.',
  ],
  'subscription-ended': ['conflict', 'The subscription has ended and cannot be resumed. Create a new one.'],
  'subscription-incomplete': [
    'conflict',
    'The first payment is missing. Pay it with the clientSecret, or cancel at once and create a new subscription.',
  ],
  'not-possible': [
    'conflict',
    'Stripe does not allow this in the current state of the subscription or card. Read it again.',
  ],
  'changed-since': [
    'precondition-failed',
    'The subscription or the credit has changed since the preview. Request a new preview.',
  ],
  expired: ['gone', 'This order has expired. Send a new request with a new Idempotency-Key.'],
  'earlier-order-open': [
    'unavailable',
    'An earlier order on the same object is not finished, for Stripe has not answered yet. Nothing was ordered: send the request again',
  ],
  unavailable: [
    'unavailable',
    'Stripe is unavailable, or the organization has too many requests there at once; nothing was ordered',
  ],
  'outcome-unknown': [
    'outcome-unknown',
    'Stripe has not answered yet; billing keeps trying. If the request had an Idempotency-Key, repeat it with the same key to learn the outcome.',
  ],
} as const satisfies Record<OrderRejection['rejected'], RejectionProblem>;

const RETRY_SECONDS = '5';

/** The result of an order; as `accepted`, and where Stripe is unavailable the problem says when to try again. */
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
