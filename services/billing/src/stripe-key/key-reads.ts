import type { StripeRead } from '@vouchsafe/contracts';
import type { Stripe } from 'stripe';

interface PageOfStripe {
  readonly limit?: number;
  readonly starting_after?: string;
}
type Read<Answer> = (stripe: Stripe, page: PageOfStripe, options: Stripe.RequestOptions) => Promise<Answer>;

/** All that is ever asked of Stripe with a customer's key. */
export const keyReads = {
  balance: (stripe, _, options) => stripe.balance.retrieve({}, options),
  payouts: (stripe, page, options) => stripe.payouts.list(page, options),
} as const satisfies Record<StripeRead, Read<object>>;
