import type { SystemUnderTest } from './running-system.ts';

/** A key that may read the balance and payouts, as a customer makes one in Stripe's dashboard. */
export async function restrictedKey({ stripe }: Pick<SystemUnderTest, 'stripe'>): Promise<string> {
  const { VOUCHSAFE_STRIPE_API: api = '' } = stripe.variables;
  const response = await fetch(`${api}/_stand-in/restricted-keys`, {
    method: 'POST',
    body: JSON.stringify({ permissions: ['balance:read', 'payouts:read'] }),
  });
  const { key } = (await response.json()) as { key: string };
  return key;
}
