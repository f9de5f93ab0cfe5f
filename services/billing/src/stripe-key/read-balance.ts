import { Injectable } from '@nestjs/common';
import type { Caller } from '@vouchsafe/service-host';
import { z } from 'zod';
import { money, moneyOf } from '../stripe/money.js';
import { type UseKeyRejection, UseStripeKey } from './use-stripe-key.js';

export const stripeBalance = z
  .strictObject({
    available: z.array(money).describe('What can be paid out, for each currency'),
    pending: z.array(money).describe('What is not available yet, for each currency'),
  })
  .meta({ id: 'StripeBalance' });

@Injectable()
export class ReadBalance {
  constructor(private readonly key: UseStripeKey) {}

  async read(caller: Caller): Promise<z.infer<typeof stripeBalance> | UseKeyRejection> {
    const answer = await this.key.read(caller, 'balance');
    if ('rejected' in answer) return answer;
    const amounts = (sums: typeof answer.available) =>
      sums.map(({ amount, currency }) => moneyOf(amount, currency));
    return { available: amounts(answer.available), pending: amounts(answer.pending) };
  }
}
