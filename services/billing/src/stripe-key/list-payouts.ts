import { Injectable } from '@nestjs/common';
import { type Caller, cursorOf, decimal, pageOf, pageQuery } from '@vouchsafe/service-host';
import { z } from 'zod';
import { money, moneyOf } from '../stripe/money.js';
import { timeOf } from '../stripe/written.js';
import { type UseKeyRejection, UseStripeKey } from './use-stripe-key.js';

/** Stripe gives 100 at most. */
export const payoutQuery = pageQuery.extend({
  limit: decimal(1, 100).default(50).describe('Largest number of items in a page'),
});
type PayoutQuery = z.output<typeof payoutQuery>;

export const payoutPage = pageOf(
  z
    .strictObject({
      payoutId: z.string(),
      amount: money.describe('Negative if the money is withdrawn from the bank account'),
      status: z.string().describe('Stripe’s: `paid`, `pending`, `in_transit`, `canceled` or `failed`'),
      arrivesAt: z.iso.datetime().describe('When it is expected at the bank'),
      createdAt: z.iso.datetime(),
    })
    .meta({ id: 'StripePayout' }),
);
const cursor = cursorOf({ payoutId: 'stripeId' });

@Injectable()
export class ListPayouts {
  constructor(private readonly key: UseStripeKey) {}

  /** Newest first, as Stripe lists them. */
  async list(
    caller: Caller,
    { limit, cursor: given }: PayoutQuery,
  ): Promise<z.infer<typeof payoutPage> | UseKeyRejection> {
    const after = cursor.read(given);
    const page = { limit, ...(after && { starting_after: after.payoutId }) };
    const answer = await this.key.read(caller, 'payouts', page);
    if ('rejected' in answer) return answer;
    const { data, has_more: hasMore } = answer;
    const last = data.at(-1);
    return {
      items: data.map(({ id, amount, currency, status, arrival_date, created }) => ({
        payoutId: id,
        amount: moneyOf(amount, currency),
        status,
        arrivesAt: timeOf(arrival_date),
        createdAt: timeOf(created),
      })),
      next: hasMore && last ? cursor.write({ payoutId: last.id }) : null,
    };
  }
}
