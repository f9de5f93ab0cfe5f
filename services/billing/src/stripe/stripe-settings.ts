/** @promise P20 a key of Stripe's live mode in production alone, and no other key there */
import { ConfigError, type HostConfig } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import type { BillingConfig } from '../billing.config.js';

/** Where Stripe is, and who we are there. */
export interface StripeSettings {
  /** Absent where nothing is sold: then every question to Stripe is answered `unavailable`. */
  readonly key: Secret | undefined;
  /** Another host than Stripe's own. */
  readonly api: URL | undefined;
  /** Whether the objects are those of Stripe's live mode: money moves. */
  readonly livemode: boolean;
  /** Milliseconds before a write is sent again; twice as long before each further time. */
  readonly pauseMs: number;
}

/** @throws ConfigError for a key of the wrong mode, for none in production, and for another host there */
export function stripeSettings(
  config: Pick<BillingConfig, 'STRIPE_SECRET_KEY' | 'VOUCHSAFE_STRIPE_API' | 'VOUCHSAFE_STRIPE_PAUSE_MS'> &
    Pick<HostConfig, 'VOUCHSAFE_ENVIRONMENT'>,
): StripeSettings {
  const { STRIPE_SECRET_KEY: key, VOUCHSAFE_STRIPE_API: api } = config;
  const livemode = config.VOUCHSAFE_ENVIRONMENT === 'production';
  if (livemode && key === undefined) throw wrong('STRIPE_SECRET_KEY', 'is not set');
  if (livemode && api !== undefined)
    throw wrong('VOUCHSAFE_STRIPE_API', 'cannot be set in the production environment');
  if (key !== undefined && key.reveal().includes('_live_') !== livemode)
    throw wrong(
      'STRIPE_SECRET_KEY',
      livemode
        ? 'must be a key of the live mode in the production environment'
        : 'must be a key of the test mode outside the production environment',
    );
  return {
    key,
    api: api === undefined ? undefined : new URL(api),
    livemode,
    pauseMs: config.VOUCHSAFE_STRIPE_PAUSE_MS,
  };
}

function wrong(name: string, why: string): ConfigError {
  return new ConfigError(`Wrong configuration:\n  ${name}: ${why}`);
}
