import path from 'node:path';
import { soldPrices } from '../stripe-stand-in/prices.ts';
import { type StandIn, startStandIn } from '../stripe-stand-in/stand-in.ts';
import type { DataFolder } from './data-folder.ts';
import type { Secrets } from './secrets.ts';

/** Stripe's own keys of the environment, and what goes with them. */
const GIVEN = [
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'VOUCHSAFE_STRIPE_API',
  'VOUCHSAFE_BILLING_PRICES',
];

export interface SystemStripe {
  /** The stand-in's URL; absent where the keys of Stripe itself were given. */
  readonly url?: string;
  /** Environment variables of billing, and of billing alone: no other process has the keys. */
  readonly variables: Readonly<Record<string, string>>;
  readonly standIn?: StandIn;
}

/**
 * Stripe, where the environment has a key; else the stand-in on this machine, whose state is kept in the data folder. In production
 * there is none: billing then says that it lacks a key.
 */
export async function startStripe(
  folder: Pick<DataFolder, 'path'>,
  { stripeKey, stripeWebhookSecret }: Pick<Secrets, 'stripeKey' | 'stripeWebhookSecret'>,
  port: number,
  env: Readonly<Record<string, string | undefined>>,
  clock: () => number = Date.now,
): Promise<SystemStripe> {
  const given = Object.fromEntries(GIVEN.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  if (env.STRIPE_SECRET_KEY || env.VOUCHSAFE_ENVIRONMENT === 'production') return { variables: given };
  const standIn = await startStandIn({
    folder: path.join(folder.path, 'stripe-stand-in'),
    ...{ key: stripeKey, clock },
    webhook: {
      url: `http://127.0.0.1:${port}/webhooks/stripe`,
      ...{ secret: stripeWebhookSecret, signedAt: clock },
    },
  });
  return {
    url: standIn.url,
    standIn,
    variables: {
      STRIPE_SECRET_KEY: stripeKey,
      STRIPE_WEBHOOK_SECRET: stripeWebhookSecret,
      VOUCHSAFE_STRIPE_API: standIn.url,
      VOUCHSAFE_BILLING_PRICES: soldPrices.join(','),
    },
  };
}
