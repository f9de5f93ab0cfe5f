import { z } from 'zod';

/** Stripe's amounts have at most 12 digits in any currency. */
const MOST = 999_999_999_999;

export const money = z
  .strictObject({
    amount: z
      .int()
      .min(-MOST)
      .max(MOST)
      .describe('In the smallest unit of the currency: 1050 with 2 decimals is 10.50'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .describe('ISO 4217'),
    decimals: z.union([z.literal(0), z.literal(2), z.literal(3)]).describe('Decimals of the currency'),
  })
  .meta({ id: 'Money', examples: [{ amount: 1050, currency: 'EUR', decimals: 2 }] });
export type Money = z.infer<typeof money>;

/** An amount as Stripe says it. @throws for one that is no whole number: nothing of ours is rounded */
export function moneyOf(amount: number, currency: string): Money {
  return money.parse({ amount, currency: currency.toUpperCase(), decimals: decimalsOf(currency) });
}

/**
 * How many decimals a currency has at Stripe, whose amounts are integers of the smallest unit. It is ISO 4217's exponent but for those below.
 * https://docs.stripe.com/currencies#zero-decimal
 */
const zeroDecimal = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const threeDecimal = new Set('bhd jod kwd omr tnd'.split(' '));

/** @param currency ISO 4217, in either case */
function decimalsOf(currency: string): 0 | 2 | 3 {
  const code = currency.toLowerCase();
  if (zeroDecimal.has(code)) return 0;
  return threeDecimal.has(code) ? 3 : 2;
}
