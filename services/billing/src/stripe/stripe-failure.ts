import { Stripe } from 'stripe';

/**
 * Why Stripe did not do what we asked. `unavailable` is nobody's mistake, or the operator's; `refused` is an answer that the customer can
 * act on. Stripe's own words are in neither: they may repeat what was sent.
 */
export type StripeFailure =
  | {
      readonly failed: 'unavailable';
      readonly because:
        | 'not-configured'
        /** The asker's own share of our places is full: Stripe was not asked. */
        | 'busy'
        /** A request with the same Idempotency-Key is still being carried out. */
        | 'in-progress'
        | 'no-answer'
        | 'broken-answer'
        | 'server-error'
        | 'rate-limited'
        | 'key-refused'
        /** The key is good, and may not do this. */
        | 'key-not-permitted';
      /** Whether it was certainly not carried out, or nobody knows. */
      readonly outcome: 'not-carried-out' | 'unknown';
      /**
       * Stripe keeps the answer to an Idempotency-Key for a day, errors of its own too: asked again with the key, it will say the same.
       * https://docs.stripe.com/api/idempotent_requests
       */
      readonly replayed: boolean;
    }
  | { readonly failed: 'refused'; readonly reason: StripeRefusal };

/**
 * A closed set, whatever codes Stripe adds. Some are our own, where Stripe's code does not say what a person can do about it: somebody else
 * was faster (`changed-since`), or the state in which it is not possible.
 */
export const stripeRefusals = [
  'card-declined',
  'authentication-required',
  'no-payment-method',
  'other-currency',
  'not-found',
  'subscription-ended',
  'subscription-incomplete',
  'not-possible',
  'changed-since',
] as const;
export type StripeRefusal = (typeof stripeRefusals)[number];

export function isFailed(answer: object): answer is StripeFailure {
  return 'failed' in answer;
}

export function refused(reason: StripeRefusal): StripeFailure {
  return { failed: 'refused', reason };
}

/** Whether Stripe will answer this key with its own failure for a day. */
export function isStuck(answer: object): boolean {
  return isFailed(answer) && answer.failed === 'unavailable' && answer.replayed;
}

export function unavailable(
  because: Extract<StripeFailure, { failed: 'unavailable' }>['because'],
  outcome: 'not-carried-out' | 'unknown',
  replayed = false,
): StripeFailure {
  return { failed: 'unavailable', because, outcome, replayed };
}

/** The same failure after something that may have been carried out: nobody is told that nothing was ordered. */
export function outcomeUnknown(failure: StripeFailure): StripeFailure {
  return failure.failed === 'unavailable' ? { ...failure, outcome: 'unknown' } : failure;
}

/** For logs and errors. */
export function reasonOf(failure: StripeFailure): string {
  return failure.failed === 'refused' ? `refused: ${failure.reason}` : failure.because;
}

/** @throws what is no answer of Stripe, and the reuse of a key with other parameters: both are bugs of ours */
export function failureOf(error: unknown): StripeFailure {
  if (error instanceof Stripe.errors.StripeIdempotencyError && error.statusCode !== 409)
    throw new Error('An idempotency key was used with other parameters');
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const { statusCode: status } = error;
  const replayed = error.headers?.['idempotent-replayed'] === 'true';
  if (error instanceof Stripe.errors.StripeConnectionError) return unavailable('no-answer', 'unknown');
  if (status === 401) return unavailable('key-refused', 'not-carried-out');
  if (status === 403) return unavailable('key-not-permitted', 'not-carried-out');
  if (status === 429) return unavailable('rate-limited', 'not-carried-out');
  if (status === 409) return unavailable('in-progress', 'unknown');
  if (status !== undefined && status >= 500) return unavailable('server-error', 'unknown', replayed);
  if (status === undefined || status < 400) return unavailable('broken-answer', 'unknown');
  return { failed: 'refused', reason: refusalOf(error) };
}

function refusalOf({
  code,
  decline_code,
  statusCode,
}: InstanceType<typeof Stripe.errors.StripeError>): StripeRefusal {
  if (code === 'authentication_required' || decline_code === 'authentication_required')
    return 'authentication-required';
  if (code === 'subscription_payment_intent_requires_action') return 'authentication-required';
  if (statusCode === 402) return 'card-declined';
  if (code === 'resource_missing' || statusCode === 404) return 'not-found';
  return 'not-possible';
}
