import { Stripe } from 'stripe';
import { type StandIn, type StandInOptions, startStandIn } from './stand-in.ts';

export interface TestedStandIn extends StandIn {
  readonly stripe: Stripe;
  /** Asks one of the routes below `/_stand-in`. */
  control<Answer = Record<string, unknown>>(method: string, path: string, json?: object): Promise<Answer>;
  /** A customer whose default card is the one of a test token. */
  customerWith(card: string): Promise<Stripe.Customer>;
}

export const TEAM = 'price_team';
export const TEAM_YEARLY = 'price_team_year';
export const BUSINESS = 'price_business';
export const DAY = 86_400;

/** 2026-01-31T10:00:00Z: a day that shorter months do not have. */
const START = Date.UTC(2026, 0, 31, 10);

/** A stand-in whose clock stands still until it is moved, with the official SDK on it. */
export async function standInForTests(options: StandInOptions = {}): Promise<TestedStandIn> {
  const standIn = await startStandIn({ clock: () => START, ...options });
  const stripe = clientOf(standIn);
  return {
    ...standIn,
    stripe,
    control: async (method, path, json) => {
      const response = await fetch(`${standIn.url}/_stand-in${path}`, {
        method,
        ...(json && { body: JSON.stringify(json) }),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as never;
    },
    customerWith: async (card) => {
      const customer = await stripe.customers.create({ name: 'Ada' });
      const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
      return stripe.customers.update(customer.id, {
        invoice_settings: { default_payment_method: method.id },
      });
    },
  };
}

/** The SDK on a stand-in; it tries each request once. */
export function clientOf({ url, key }: Pick<StandIn, 'url' | 'key'>, otherKey = key): Stripe {
  const { hostname: host, port } = new URL(url);
  return new Stripe(otherKey, { host, port, protocol: 'http', maxNetworkRetries: 0, telemetry: false });
}

/** How a request fails. */
export async function failure(
  request: Promise<unknown>,
): Promise<InstanceType<typeof Stripe.errors.StripeError>> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Stripe.errors.StripeError) return error;
  throw new Error('The request did not fail as Stripe fails', { cause: error });
}

/** The object in place of a reference that was expanded. */
export function object<Expanded extends object>(reference: string | Expanded | null | undefined): Expanded {
  if (typeof reference !== 'object' || reference === null)
    throw new Error(`${String(reference)} is not expanded`);
  return reference;
}
