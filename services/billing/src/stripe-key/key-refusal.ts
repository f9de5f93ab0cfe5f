import type { StripeFailure } from '../stripe/stripe-failure.js';

/** What a customer hears of Stripe's answer to their own key. */
export interface KeyRefusal {
  readonly rejected: 'key-refused' | 'key-not-permitted' | 'not-possible' | 'unavailable';
}

export function keyRefusalOf(failure: StripeFailure): KeyRefusal {
  if (failure.failed === 'refused') return { rejected: 'not-possible' };
  const { because } = failure;
  return { rejected: because === 'key-refused' || because === 'key-not-permitted' ? because : 'unavailable' };
}
