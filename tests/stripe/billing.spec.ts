import { randomUUID } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eraseOrganization, hasGo, placesOf, withoutGo } from '@vouchsafe/testing';
import { withoutAsking } from '@vouchsafe/service-host';
import { Stripe } from 'stripe';
import { RemovePerson } from '../../services/billing/src/erasure/remove-person.ts';
import { Reconcile } from '../../services/billing/src/reconciliation/reconcile.ts';
import {
  ada,
  type AskOptions,
  type BillingApp,
  billingApp,
  operator,
} from '../../services/billing/src/testing/billing-app.ts';
import { clientOf, object } from '../../tools/stripe-stand-in/for-tests.fixture.ts';
import { soldPrices } from '../../tools/stripe-stand-in/prices.ts';
import { type StandIn, startStandIn } from '../../tools/stripe-stand-in/stand-in.ts';
import { eventually } from '../system/eventually.ts';
import { root } from '../system/root.ts';
import { type Mirror, startMirror } from './mirror.ts';
import { startStripeMock, type StripeMock } from './stripe-mock.ts';

const WEBHOOK_SECRET = 'whsec_of_this_suite';

/** Billing itself, between it and the stand-in a mirror: what it asks is asked of stripe-mock, too. */
(hasGo() ? describe : describe.skip)(`stripe-mock takes every request of billing${withoutGo()}`, () => {
  let mock: StripeMock;
  let standIn: StandIn;
  let mirror: Mirror;
  let app: BillingApp;
  /** Somebody at Stripe: their requests are not looked at. */
  let stripe: Stripe;
  let relay: Server;

  beforeAll(async () => {
    mock = await startStripeMock();
    // The gateway's part: it passes on what is signed.
    relay = createServer((request, response) => {
      const passOn = async () => {
        const signature = String(request.headers['stripe-signature']);
        const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
        const { status } = await app.ask('POST', '/webhooks/stripe', { text: await text(request), headers });
        response.writeHead(status).end();
      };
      passOn().catch(() => response.writeHead(503).end());
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    standIn = await startStandIn({
      webhook: { url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}/`, secret: WEBHOOK_SECRET },
    });
    stripe = clientOf(standIn);
    mirror = await startMirror(standIn.url, mock);
    app = await billingApp({
      STRIPE_SECRET_KEY: standIn.key,
      STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
      VOUCHSAFE_STRIPE_API: mirror.url,
      VOUCHSAFE_BILLING_PRICES: soldPrices.join(),
    });
  }, 400_000);
  afterAll(async () => {
    await app.stop();
    await mirror.stop();
    await standIn.stop();
    relay.closeAllConnections();
    relay.close();
    mock.stop();
  });

  const control = async (route: string, body: object) => {
    const answer = await fetch(`${standIn.url}/_stand-in/${route}`, {
      ...{ method: 'POST', body: JSON.stringify(body) },
    });
    return (await answer.json()) as Record<string, string>;
  };
  /** Asks billing, and expects that it succeeds. */
  const asking =
    (organizationId: string) =>
    async (method: string, route: string, body?: object, more: AskOptions = {}) => {
      const { status, body: answer } = await app.ask(method, `/v1/billing/${route}`, {
        ...{ organizationId, headers: { 'idempotency-key': randomUUID() }, ...(body && { body }) },
        ...more,
      });
      if (status >= 300) throw new Error(`${method} ${route} -> ${status} ${JSON.stringify(answer)}`);
      return answer as Record<string, string>;
    };

  /** As Stripe.js does it in a browser. @returns the payment method */
  const saved = async (ask: ReturnType<typeof asking>) => {
    const { setupIntentId = '' } = await ask('POST', 'setup-intents');
    const confirmed = await stripe.setupIntents.confirm(setupIntentId, { payment_method: 'pm_card_visa' });
    return confirmed.payment_method as string;
  };

  const back = { successUrl: 'https://app.example.com/paid', cancelUrl: 'https://app.example.com/' };

  it('from the first customer to the last', async () => {
    const organizationId = randomUUID();
    const ask = asking(organizationId);
    await eventually('Prices', async () => ((await ask('GET', 'prices')).items?.length ? true : undefined));
    await ask('PUT', 'customer', { name: 'Ada Lovelace', email: 'ada@example.com' });
    const [card, other] = [await saved(ask), await saved(ask)];
    await ask('PUT', `payment-methods/${card}/default`);
    await ask('DELETE', `payment-methods/${other}`);
    const subscribed = await ask('POST', 'subscriptions', {
      priceId: 'price_team',
      quantity: 2,
      paymentMethodId: card,
    });
    const at = `subscriptions/${subscribed.subscriptionId ?? ''}`;
    const { token } = await ask('POST', `${at}/preview`, { priceId: 'price_business', quantity: 3 });
    await ask('PATCH', at, { token });
    await ask('POST', `${at}/cancellation`, { at: 'period-end' });
    await ask('DELETE', `${at}/cancellation`);
    await ask('POST', 'checkout-sessions', { mode: 'setup', ...back });
    await ask('POST', 'checkout-sessions', {
      mode: 'subscription',
      priceId: 'price_team',
      quantity: 1,
      ...back,
    });
    await ask('POST', 'portal-sessions', { returnUrl: 'https://app.example.com/' });
    const invoice = await eventually('An invoice', async () => {
      const { items } = (await ask('GET', 'invoices')) as unknown as { items: { invoiceId: string }[] };
      return items[0]?.invoiceId;
    });
    await ask('GET', `invoices/${invoice}/links`);
    await ask('POST', `${at}/cancellation`, { at: 'now' });
  });

  it.each([
    ['subscriptions', 'subscriptions', { priceId: 'price_team', quantity: 3 }],
    ['checkout-sessions', 'checkout/sessions', { mode: 'setup', ...back }],
    ['setup-intents', 'setup_intents', undefined],
  ])(
    'where it looks for what may be there already: %s',
    async (route, atStripe, body) => {
      const [ask, key] = [asking(randomUUID()), randomUUID()];
      // As often as the SDK tries.
      await control('faults', { faults: [{ kind: 500, method: 'POST', path: '/v1/customers', times: 3 }] });
      await ask('PUT', 'customer', { name: 'Ada Lovelace', email: 'ada@example.com' });
      const { customerId: customer = '' } = await ask('GET', 'customer');
      const { id: card } = await stripe.paymentMethods.attach('pm_card_visa', { customer });
      await stripe.customers.update(customer, { invoice_settings: { default_payment_method: card } });
      const order = () => ask('POST', route, body, { headers: { 'idempotency-key': key } });
      await control('faults', { faults: [{ kind: 500, method: 'POST', path: `/v1/${atStripe}` }] });
      await expect(order()).rejects.toThrow('outcome-unknown');
      await control('faults', { faults: [] });
      await order();
    },
    60_000,
  );

  it('by a customer’s own key', async () => {
    const organizationId = randomUUID();
    const ask = asking(organizationId);
    const { key } = await control('restricted-keys', { permissions: ['balance:read', 'payouts:read'] });
    await control('payouts', { currency: 'eur', amount: 1900 });
    await ask('PUT', 'stripe-key', { key });
    const options: AskOptions = { permissions: ['stripe:read'], headers: {} };
    await ask('GET', 'stripe/balance', undefined, options);
    await ask('GET', 'stripe/payouts?limit=1', undefined, options);
  });

  it('to see what an object is like now, to compare, and to remove a person', async () => {
    const organizationId = randomUUID();
    const ask = asking(organizationId);
    await ask('PUT', 'customer', { name: 'Ada Lovelace', email: 'ada@example.com' });
    const { customerId = '' } = await ask('GET', 'customer');
    const card = await saved(ask);
    const { setupIntentId = '' } = await ask('POST', 'setup-intents');
    await stripe.setupIntents
      .confirm(setupIntentId, { payment_method: 'pm_card_visa_chargeDeclined' })
      .catch(() => 0);
    const { latest_invoice: invoice } = await stripe.subscriptions.create({
      ...{ customer: customerId, items: [{ price: 'price_team' }], default_payment_method: card },
      expand: ['latest_invoice'],
    });
    const [charge] = (await stripe.charges.list({ customer: customerId })).data;
    if (!charge) throw new Error('Nothing was paid');
    const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', {
      customer: customerId,
    });
    await stripe.subscriptions.create({
      ...{ customer: customerId, items: [{ price: 'price_team' }], default_payment_method: failing.id },
    });
    await stripe.refunds.create({ charge: charge.id, amount: 100 });
    await stripe.creditNotes.create({ invoice: object(invoice).id, amount: 100, credit_amount: 100 });
    await control('disputes', { charge: charge.id });
    await control('early-fraud-warnings', { charge: charge.id });
    await standIn.settled();
    await eventually('Nothing is left to look at', async () => {
      const rows = await app.database.asWorker((sql) =>
        sql.query('select from stripe_object where due_at is not null'),
      );
      return rows.length === 0 ? true : undefined;
    });
    await app.get(Reconcile).run();
    await app.get(RemovePerson).remove(
      {
        ...{
          of: 'person',
          erasureId: randomUUID(),
          organizationId,
          userId: ada,
          organizations: [organizationId],
        },
        ...{ subjects: [ada], requestedAt: new Date() },
      },
      withoutAsking(app.database),
    );
  }, 60_000);

  it('to find out whether a subscription is live, and to delete the customer of an organization', async () => {
    const organizationId = randomUUID();
    const ask = asking(organizationId);
    await ask('PUT', 'customer', { name: 'Ada Lovelace', email: 'ada@example.com' });
    const { customerId = '' } = await ask('GET', 'customer');
    const card = await saved(ask);
    const { id: subscription } = await stripe.subscriptions.create({
      ...{ customer: customerId, items: [{ price: 'price_team' }], default_payment_method: card },
    });
    const due = () =>
      app.database.asWorker((sql) =>
        sql.query(
          `insert into purge_check values ($1, 1, now())
          on conflict (organization_id) do update set due_at = excluded.due_at`,
          [organizationId],
        ),
      );
    const rows = (query: string) => app.database.asWorker((sql) => sql.query(query, [organizationId]));
    await due();
    await eventually('It is live', async () => {
      const later = `select from purge_check where organization_id = $1 and due_at > now() + interval '1 hour'`;
      return (await rows(later)).length > 0 ? true : undefined;
    });
    await stripe.subscriptions.cancel(subscription);
    await due();
    await eventually('None is live', async () => {
      const said = `select from event where organization_id = $1 and type = 'no-live-subscription-found'`;
      return (await rows(said)).length > 0 ? true : undefined;
    });
    const { receipt } = await eraseOrganization(app, operator, organizationId);
    expect(receipt).toMatchObject({ retained: [{ what: 'invoices-at-stripe' }] });
    expect(await stripe.customers.retrieve(customerId)).toMatchObject({ deleted: true });
    // What Stripe says of the deletion is about nobody whom we know any more.
    await standIn.settled();
    await eventually('Nothing of it is kept', async () =>
      (await placesOf(app.postgres.adminUrl, 'billing', customerId)).length === 0 ? true : undefined,
    );
  }, 120_000);

  it('and these were all that its code makes', async () => {
    const calls = await callsIn(path.join(root, 'services/billing/src'));
    expect(calls.size).toBeGreaterThan(20);
    const routes = [...calls].map((call) => {
      const [method, at] = requestOf(call);
      return { call, route: `${method} ${mock.description.routeOf(at) ?? at}` };
    });
    expect(routes.filter(({ route }) => !mirror.asked.has(route))).toEqual([]);
    expect([...new Set(mirror.problems)]).toEqual([]);
  });
});

/** Calls of the SDK that the code of a service contains: `checkout.sessions.create`. */
async function callsIn(folder: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const file of glob('**/*.ts', { cwd: folder, exclude: ['**/*.spec.ts', 'testing/**'] })) {
    const source = await readFile(path.join(folder, file), 'utf8');
    for (const [, call = ''] of source.matchAll(/\b(?:stripe|client)\.((?:[a-z]\w*\.)+[a-z]\w*)\(/gi))
      // Of our own port: what it is given to ask stands in the call itself.
      if (!call.startsWith('background.')) found.add(call);
  }
  return found;
}

/** What the SDK makes of a call. */
function requestOf(call: string): readonly [method: string, path: string] {
  const [name = '', ...resources] = call.split('.').reverse();
  type Made = (id: string) => readonly [string, string];
  const resource = resources.reduceRight<unknown>(
    (found, part) => (found as Record<string, unknown>)[part],
    new Stripe('sk_test_123'),
  ) as Record<string, Made | undefined>;
  const made = resource[name]?.call({ _makeRequest: (...request: unknown[]) => request }, 'id');
  if (!made) throw new Error(`The SDK has no ${call}`);
  return made;
}
