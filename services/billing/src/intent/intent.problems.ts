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
    'The bank wants the person to authenticate: save the card again, where the bank can ask them',
  ],
  'no-payment-method': [
    'rejected',
    'There is no card to pay with: save one and make it the default one, or name one in paymentMethodId',
  ],
  'other-currency': [
    'rejected',
    'The organization pays in another currency already: choose a price in that one',
    '/priceId',
  ],
  'not-found': [
    'not-found',
    'The customer was deleted at Stripe. Send the request again after a minute, with a new Idempotency-Key.',
  ],
  'subscription-ended': ['conflict', 'The subscription has ended, for good: order a new one'],
  'subscription-incomplete': [
    'conflict',
    'The first payment has not been made: make it with the clientSecret, or cancel at once and order a new subscription',
  ],
  'not-possible': [
    'conflict',
    'Stripe refuses this for the state in which the customer’s objects are there: read them again',
  ],
  'changed-since': [
    'precondition-failed',
    'The subscription, or the credit that pays for it, has changed since the preview: ask for a new one',
  ],
  expired: [
    'gone',
    'What this request ordered is over, a later order took its place, or it is more than a day old: send a new one',
  ],
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
