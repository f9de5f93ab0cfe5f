import type { SystemUnderTest } from '../../system/running-system.ts';
import { standIn } from '../../system/stripe.ts';

type Metadata = Readonly<Record<string, string>>;

/** Of Stripe's objects what the checker needs. */
export interface StripeObjects {
  readonly customers: readonly { readonly id: string; readonly metadata: Metadata }[];
  readonly subscriptions: readonly StripeSubscription[];
  readonly invoices: readonly StripeInvoice[];
  readonly payments: readonly {
    readonly invoice: string;
    readonly payment: { readonly payment_intent?: string };
  }[];
  readonly charges: readonly StripeCharge[];
}

export interface StripeSubscription {
  readonly id: string;
  readonly customer: string;
  readonly status: string;
  /** Unix seconds. */
  readonly ended_at: number | null;
  readonly metadata: Metadata;
}

export interface StripeInvoice {
  readonly id: string;
  readonly status: string;
  readonly parent: { readonly subscription_details: { readonly subscription: string } | null } | null;
}

export interface StripeCharge {
  readonly id: string;
  readonly customer: string;
  readonly status: string;
  readonly payment_intent: string;
}

/** Asks Stripe's side itself, behind the back of billing. */
export async function readStripe(system: SystemUnderTest): Promise<StripeObjects> {
  const all = async <Made>(kind: string): Promise<Made[]> =>
    standIn<Made[]>(system, 'GET', `objects?kind=${kind}`);
  return {
    customers: await all('customer'),
    subscriptions: await all('subscription'),
    invoices: await all('invoice'),
    payments: await all('invoice_payment'),
    charges: await all('charge'),
  };
}
