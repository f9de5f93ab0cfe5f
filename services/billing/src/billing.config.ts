import { consumedBy } from '@vouchsafe/contracts';
import { persistenceConfig, serviceUrls } from '@vouchsafe/service-host';
import { secret } from '@vouchsafe/vault';
import { z } from 'zod';

/** `price_a,price_b` */
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean),
);

/** Environment variables of billing, besides the host's. */
export const billingConfig = persistenceConfig.extend({
  /** Stripe's secret or restricted key; of the live mode in production alone (P20). */
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^[rs]k_(test|live)_[A-Za-z0-9_]+$/, 'must be a secret or restricted key of Stripe')
    .transform(secret)
    .optional(),
  /** `whsec_...`, several during a rotation, separated by commas. */
  STRIPE_WEBHOOK_SECRET: list.transform((all) => all.map(secret)).optional(),
  /** Another host than Stripe's, such as that of the stand-in; refused in production. */
  VOUCHSAFE_STRIPE_API: z.url({ protocol: /^https?$/ }).optional(),
  /** Milliseconds before a write whose outcome is unknown is sent again; twice as long before the next. */
  VOUCHSAFE_STRIPE_PAUSE_MS: z.coerce.number().int().min(1).max(10_000).default(300),
  /** Ids of the prices at Stripe that customers can buy, separated by commas. */
  VOUCHSAFE_BILLING_PRICES: list.default([]),
  /** Whether organizations can give restricted keys of their own Stripe accounts; `off` where none may be stored (P22). */
  VOUCHSAFE_CUSTOMER_STRIPE_KEYS: z.enum(['on', 'off']).default('on'),
  /** For how many years after the end of their year the law asks that invoices are kept: an erasure's receipt says so (P10). */
  VOUCHSAFE_INVOICE_YEARS: z.coerce.number().int().min(1).max(30).default(10),
  /** Where people reach the product. */
  VOUCHSAFE_PUBLIC_URL: z.url(),
  /** More origins to which Stripe's pages may send people back, separated by commas; the gateway's variable of this name. */
  VOUCHSAFE_ALLOWED_ORIGINS: list.default([]),
  /** The services from which missing facts are fetched. */
  ...serviceUrls(consumedBy('billing')),
});
export type BillingConfig = z.output<typeof billingConfig>;
