import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { Reconcile } from '../../services/billing/src/reconciliation/reconcile.ts';
import {
  type AskOptions,
  type BillingApp,
  billingApp,
} from '../../services/billing/src/testing/billing-app.ts';
import { startStandIn, type StandIn } from '../../tools/stripe-stand-in/stand-in.ts';
import { eventually } from '../system/eventually.ts';

/**
 * Billing's orders against a Stripe of which nothing can be controlled. `npm test` takes the stand-in; `npm run test:stripe` takes
 * Stripe's test mode. No webhook arrives: what happened is found by the comparison, which reads Stripe's list of events.
 */
const { VOUCHSAFE_TEST_STRIPE, STRIPE_SECRET_KEY, VOUCHSAFE_STRIPE_API } = process.env;
const isGiven = VOUCHSAFE_TEST_STRIPE === 'given';

let standIn: StandIn | undefined;
let stripe: Stripe;
let app: BillingApp;
let team: string;
let yen: string;
/** What is tidied up at Stripe. */
const [made, customers]: [string[], Set<string>] = [[], new Set()];

beforeAll(async () => {
  if (!isGiven) standIn = await startStandIn();
  const key = standIn?.key ?? STRIPE_SECRET_KEY ?? '';
  const api = standIn?.url ?? VOUCHSAFE_STRIPE_API;
  const { hostname: host, port, protocol } = new URL(api ?? 'https://api.stripe.com');
  const isPlain = protocol === 'http:';
  stripe = new Stripe(key, {
    host,
    port: port || (isPlain ? 80 : 443),
    protocol: isPlain ? 'http' : 'https',
  });
  const { id: product } = await stripe.products.create({ name: 'Vouchsafe tests' });
  made.push(product);
  const price = async (currency: string, amount: number) =>
    (await stripe.prices.create({ product, currency, unit_amount: amount, recurring: { interval: 'month' } }))
      .id;
  [team, yen] = [await price('eur', 1900), await price('jpy', 2500)];
  app = await billingApp({
    STRIPE_SECRET_KEY: key,
    STRIPE_WEBHOOK_SECRET: 'whsec_none_comes',
    VOUCHSAFE_BILLING_PRICES: `${team},${yen}`,
    ...(api !== undefined && { VOUCHSAFE_STRIPE_API: api }),
  });
}, 120_000);
afterAll(async () => {
  await app.stop();
  // Their subscriptions end with them.
  for (const customer of customers) await stripe.customers.del(customer);
  for (const price of [team, yen]) await stripe.prices.update(price, { active: false });
  for (const product of made) await stripe.products.update(product, { active: false });
  await standIn?.stop();
}, 120_000);

const asking =
  (organizationId: string) =>
  async (status: number, method: string, route: string, body?: object, more: AskOptions = {}) => {
    const answer = await app.ask(method, `/v1/billing/${route}`, {
      ...{ organizationId, headers: { 'idempotency-key': randomUUID() }, ...(body && { body }) },
      ...more,
    });
    if (answer.status !== status)
      throw new Error(`${method} ${route} -> ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };

/** An organization with its customer, and what it may ask. */
async function newOrganization() {
  const organizationId = randomUUID();
  const ask = asking(organizationId);
  await ask(200, 'PUT', 'customer', { name: 'Ada Lovelace', email: 'ada@example.com' });
  const { customerId } = (await ask(200, 'GET', 'customer')) as { customerId: string };
  customers.add(customerId);
  return { organizationId, ask, customerId };
}

/** As Stripe.js does it in a browser. */
async function saved(ask: ReturnType<typeof asking>, card: string): Promise<string> {
  const { setupIntentId } = (await ask(201, 'POST', 'setup-intents')) as { setupIntentId: string };
  const { payment_method: method } = await stripe.setupIntents.confirm(setupIntentId, {
    ...{ payment_method: card, return_url: 'https://app.example.com/' },
  });
  return typeof method === 'string' ? method : (method?.id ?? '');
}

/** Compares with Stripe until billing shows what is meant. */
function compared<Shown>(what: string, look: () => Promise<Shown | undefined>): Promise<Shown> {
  return eventually(
    what,
    async () => {
      const found = await look();
      if (found === undefined) await app.get(Reconcile).run();
      return found;
    },
    60_000,
  );
}

type Shown = Readonly<Record<string, unknown>>;

describe('billing’s orders', () => {
  it('show the prices that are sold, in the smallest unit of their currency', async () => {
    const { ask } = await newOrganization();
    const items = await eventually('The prices', async () => {
      const { items: known } = (await ask(200, 'GET', 'prices')) as { items: Shown[] };
      return known.length === 2 ? known : undefined;
    });
    expect(items).toMatchObject([
      { priceId: team, unitPrice: { amount: 1900, currency: 'EUR', decimals: 2 } },
      { priceId: yen, unitPrice: { amount: 2500, currency: 'JPY', decimals: 0 } },
    ]);
  }, 60_000);

  it('subscribe once, change at the price that was shown, end, and take back an end', async () => {
    const { ask, customerId } = await newOrganization();
    expect(await stripe.customers.retrieve(customerId)).toMatchObject({
      ...{ name: 'Ada Lovelace', email: 'ada@example.com' },
    });
    const card = await saved(ask, 'pm_card_visa');
    await ask(204, 'PUT', `payment-methods/${card}/default`);
    const once: AskOptions = { headers: { 'idempotency-key': randomUUID() } };
    const order = { priceId: team, quantity: 2, paymentMethodId: card };
    const first = await ask(201, 'POST', 'subscriptions', order, once);
    expect(await ask(201, 'POST', 'subscriptions', order, once)).toEqual(first);
    const id = first.subscriptionId as string;
    expect((await stripe.subscriptions.list({ customer: customerId })).data.map((one) => one.id)).toEqual([
      id,
    ]);

    const at = `subscriptions/${id}`;
    await compared('The subscription', async () => {
      const { items } = (await ask(200, 'GET', 'subscriptions')) as { items: Shown[] };
      return items.find(({ status }) => status === 'active');
    });
    const preview = await ask(200, 'POST', `${at}/preview`, { priceId: team, quantity: 5 });
    await ask(200, 'PATCH', at, { token: preview.token });
    const [latest] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
    expect((preview.dueNow as Shown).amount).toBe(latest?.total);
    expect((await stripe.subscriptions.retrieve(id)).items.data[0]?.quantity).toBe(5);

    const ends = async () => (await stripe.subscriptions.retrieve(id)).cancel_at_period_end;
    await ask(200, 'POST', `${at}/cancellation`, { at: 'period-end' });
    expect(await ends()).toBe(true);
    await ask(200, 'DELETE', `${at}/cancellation`);
    expect(await ends()).toBe(false);
    await ask(200, 'POST', `${at}/cancellation`, { at: 'now' });
    const { ended_at: ended } = await stripe.subscriptions.retrieve(id);
    const shown = await compared('The end', async () => {
      const found = await ask(200, 'GET', at);
      return found.status === 'canceled' ? found : undefined;
    });
    expect(Date.parse(shown.endedAt as string) / 1000).toBe(ended);
    const there = (await stripe.invoices.list({ customer: customerId, limit: 100 })).data;
    const invoices = await compared('The invoices', async () => {
      const { items } = (await ask(200, 'GET', 'invoices')) as { items: Shown[] };
      return items.length === there.length ? items : undefined;
    });
    expect(new Set(invoices.map((one) => `${one.invoiceId as string} ${one.status as string}`))).toEqual(
      new Set(there.map((one) => `${one.id} ${one.status ?? ''}`)),
    );
    const paid = there.find(({ status }) => status === 'paid');
    expect(await ask(200, 'GET', `invoices/${paid?.id ?? ''}/links`)).toMatchObject({
      pdf: expect.stringMatching(/^https?:/) as unknown,
    });
  }, 180_000);

  it('leave a subscription incomplete whose payment is declined, or needs the person', async () => {
    const subscribe = async (card: string, priceId: string) => {
      const { ask, customerId } = await newOrganization();
      const { id } = await stripe.paymentMethods.attach(card, { customer: customerId });
      return ask(201, 'POST', 'subscriptions', { priceId, quantity: 1, paymentMethodId: id });
    };
    expect(await subscribe('pm_card_authenticationRequired', yen)).toMatchObject({
      status: 'incomplete',
      clientSecret: expect.stringContaining('_secret_') as unknown,
    });
    expect(await subscribe('pm_card_chargeCustomerFail', team)).toMatchObject({ status: 'incomplete' });
  }, 120_000);

  it('open Checkout for a card and for a subscription', async () => {
    const { ask, customerId } = await newOrganization();
    const back = { successUrl: 'https://app.example.com/paid', cancelUrl: 'https://app.example.com/' };
    for (const order of [{ mode: 'setup' }, { mode: 'subscription', priceId: team, quantity: 1 }]) {
      const opened = await ask(201, 'POST', 'checkout-sessions', { ...order, ...back });
      expect(opened.url).toMatch(/^https?:/);
      expect(await stripe.checkout.sessions.retrieve(opened.checkoutSessionId as string)).toMatchObject({
        ...{ mode: order.mode, customer: customerId, status: 'open' },
      });
    }
  }, 60_000);
});
