import { setTimeout as sleep } from 'node:timers/promises';
import { Stripe } from 'stripe';
import { failureOf, outcomeUnknown, type StripeFailure } from './stripe-failure.js';

/** What became of one try to change something at Stripe. */
type Outcome<Answer> =
  | { readonly outcome: 'carried-out'; readonly answer: Answer }
  | { readonly outcome: 'not-carried-out'; readonly failure: StripeFailure }
  | { readonly outcome: 'unknown'; readonly failure: StripeFailure; readonly mayRepeat: boolean };

/**
 * Asks Stripe until it is known what became of a write, so many times at most. The SDK repeats requests, too, but tells of the last try
 * alone: where an earlier one may have been carried out, a refusal of the last one says nothing about it.
 * @param pauseMs milliseconds before the second try; twice as long before each further one
 * @param ask sends the same request with the same Idempotency-Key, once
 */
export async function repeatWrite<Answer extends object>(
  tries: number,
  pauseMs: number,
  ask: () => Promise<Answer>,
): Promise<Answer | StripeFailure> {
  let isUnknown = false;
  for (let nth = 1; ; nth += 1) {
    const tried = await tryOnce(ask);
    if (tried.outcome === 'carried-out') return tried.answer;
    if (tried.outcome === 'not-carried-out') return isUnknown ? outcomeUnknown(tried.failure) : tried.failure;
    if (nth >= tries || !tried.mayRepeat) return tried.failure;
    isUnknown = true;
    await sleep(pauseMs * 2 ** (nth - 1) * (1 + Math.random() / 2));
  }
}

async function tryOnce<Answer extends object>(ask: () => Promise<Answer>): Promise<Outcome<Answer>> {
  try {
    return { outcome: 'carried-out', answer: await ask() };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.failed === 'refused') return { outcome: 'not-carried-out', failure };
    const { outcome } = failure;
    return outcome === 'unknown' ? { outcome, failure, mayRepeat: mayRepeat(error) } : { outcome, failure };
  }
}

/** Stripe says where a repetition is useless. */
function mayRepeat(error: unknown): boolean {
  return !(error instanceof Stripe.errors.StripeError && error.headers?.['stripe-should-retry'] === 'false');
}
