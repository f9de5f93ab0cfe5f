import type { StripeRead } from '@vouchsafe/contracts';
import type { Stripe } from 'stripe';

export interface PageOfStripe {
  readonly limit?: number;
  readonly starting_after?: string;
}
export type Read<Answer> = (
  stripe: Stripe,
  page: PageOfStripe,
  options: Stripe.RequestOptions,
) => Promise<Answer>;

/** What Stripe answers. */
interface Answers {
  readonly balance: Stripe.Balance;
  readonly payouts: Stripe.ApiList<Stripe.Payout>;
}
export type AnswerOf<Name extends StripeRead> = Answers[Name];

/** All that is ever asked of Stripe with a customer's key. */
export const keyReads: { readonly [Name in StripeRead]: Read<AnswerOf<Name>> } = {
  balance: (stripe, _, options) => stripe.balance.retrieve({}, options),
  payouts: (stripe, page, options) => stripe.payouts.list(page, options),
};
