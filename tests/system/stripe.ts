import { Stripe } from 'stripe';
import type { Client } from './client.ts';
import type { SystemUnderTest } from './running-system.ts';

type System = Pick<SystemUnderTest, 'stripe'>;

/** Stripe, as the system that is tried finds it. */
function stripeOf({ stripe: { variables } }: System): Stripe {
  const { STRIPE_SECRET_KEY: key = '', VOUCHSAFE_STRIPE_API: api } = variables;
  if (api === undefined) return new Stripe(key);
  const { hostname, port, protocol } = new URL(api);
  return new Stripe(key, { host: hostname, port, protocol: protocol === 'http:' ? 'http' : 'https' });
}

/** Saves a card as Stripe.js does it in the browser, with a test card of Stripe's. @returns the payment method's id */
export async function saveCard(system: System, browser: Client, token = 'pm_card_visa'): Promise<string> {
  const { setupIntentId } = (await browser.must(201, 'POST', '/v1/billing/setup-intents')) as {
    setupIntentId: string;
  };
  const { payment_method: method } = await stripeOf(system).setupIntents.confirm(setupIntentId, {
    payment_method: token,
  });
  if (!method) throw new Error('The card was not saved');
  return typeof method === 'string' ? method : method.id;
}

/** As `saveCard`, with a card that the bank declines. */
export async function failToSaveCard(system: System, browser: Client): Promise<void> {
  const { setupIntentId } = (await browser.must(201, 'POST', '/v1/billing/setup-intents')) as {
    setupIntentId: string;
  };
  const declined = { payment_method: 'pm_card_visa_chargeDeclined' };
  const error: unknown = await stripeOf(system)
    .setupIntents.confirm(setupIntentId, declined)
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof Stripe.errors.StripeCardError)) throw new Error('The card was not declined');
}

/** Asks one of the stand-in's controls (tools/stripe-stand-in/README.md, 'Controls'). @throws Error where Stripe's own keys are set */
export async function standIn<Answer>(
  { stripe }: System,
  method: string,
  route: string,
  body?: object,
): Promise<Answer> {
  if (stripe.url === undefined) throw new Error('This needs the stand-in: unset STRIPE_SECRET_KEY');
  const answer = await fetch(`${stripe.url}/_stand-in/${route}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(`The stand-in answers ${route} with ${answer.status}`);
  return (await answer.json()) as Answer;
}

/** A key that may read the balance and payouts, as a customer makes one in Stripe's dashboard. */
export async function restrictedKey(system: System): Promise<string> {
  const permissions = ['balance:read', 'payouts:read'];
  const { key } = await standIn<{ key: string }>(system, 'POST', 'restricted-keys', { permissions });
  return key;
}
