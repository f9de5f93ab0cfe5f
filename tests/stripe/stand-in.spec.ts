import { glob, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasGo, withoutGo } from '@vouchsafe/testing';
import { Stripe } from 'stripe';
import { apiRoutes } from '../../tools/stripe-stand-in/api.ts';
import {
  BUSINESS,
  clientOf,
  DAY,
  failure,
  object,
  standInForTests,
  TEAM,
  TEAM_YEARLY,
  type TestedStandIn,
} from '../../tools/stripe-stand-in/for-tests.fixture.ts';
import { root } from '../system/root.ts';
import { differences, newerParameters } from './differences.ts';
import { type Mirror, startMirror } from './mirror.ts';
import { startStripeMock, type StripeMock } from './stripe-mock.ts';

/** What works against the stand-in works against Stripe, for it answers as Stripe's own description says. */
(hasGo() ? describe : describe.skip)(`the stand-in is as Stripe describes itself${withoutGo()}`, () => {
  let mock: StripeMock;
  let standIn: TestedStandIn;
  let mirror: Mirror;
  /** The SDK, whose every request and answer is looked at. */
  let stripe: Stripe;
  let receiver: Server;
  const events: Stripe.Event[] = [];

  beforeAll(async () => {
    mock = await startStripeMock();
    receiver = createServer((request, response) => {
      void text(request).then((sent) => {
        events.push(JSON.parse(sent) as Stripe.Event);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as AddressInfo;
    standIn = await standInForTests({
      webhook: { url: `http://127.0.0.1:${port}/`, secret: 'whsec_of_this_suite', repeated: 0, overtaken: 0 },
    });
    mirror = await startMirror(standIn.url, mock);
    stripe = clientOf({ url: mirror.url, key: standIn.key });
  }, 400_000);
  afterAll(async () => {
    await mirror.stop();
    await standIn.stop();
    receiver.closeAllConnections();
    receiver.close();
    mock.stop();
  });

  const control = (path: string, json: object) => standIn.control('POST', path, json);
  const customerWith = async (card: string) => {
    const customer = await stripe.customers.create({ name: 'Ada', metadata: { of: 'this suite' } });
    const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
    return { customer: customer.id, card: method.id };
  };
  const subscribe = (customer: string, more: object = {}) =>
    stripe.subscriptions.create({ customer, items: [{ price: TEAM, quantity: 2 }], ...more });
  const lastCharge = async (customer: string) => {
    const [charge] = (await stripe.charges.list({ customer, limit: 1 })).data;
    return charge?.id ?? '';
  };

  describe('in what it answers', () => {
    it('about customers and their cards', async () => {
      const { customer, card } = await customerWith('pm_card_visa');
      await stripe.customers.retrieve(customer, { expand: ['invoice_settings.default_payment_method'] });
      await stripe.customers.list({ limit: 2, created: { gte: 1 } });
      await stripe.customers.listPaymentMethods(customer, { type: 'card' });
      await stripe.customers.retrievePaymentMethod(customer, card);
      const made = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_mastercard' } });
      await stripe.paymentMethods.attach(made.id, { customer });
      await stripe.paymentMethods.update(made.id, { card: { exp_month: 12, exp_year: 2040 } });
      await control('/renewed-cards', { id: made.id });
      await stripe.paymentMethods.list({ customer, limit: 10 });
      await stripe.paymentMethods.detach(made.id);
      expect((await stripe.paymentMethods.retrieve(made.id)).customer).toBeNull();
      await stripe.customers.del(customer);
      expect(await stripe.customers.retrieve(customer)).toMatchObject({ deleted: true });
      expect(await failure(stripe.customers.retrieve('cus_none'))).toMatchObject({ statusCode: 404 });
    });

    it('about products and prices', async () => {
      const product = await stripe.products.create({ name: 'Suite' });
      await stripe.products.update(product.id, { description: 'Of a suite' });
      await stripe.products.retrieve(product.id);
      await stripe.products.list({ limit: 3 });
      const { id } = await stripe.prices.create({
        ...{ product: product.id, currency: 'kwd', unit_amount: 1234, recurring: { interval: 'year' } },
      });
      await stripe.prices.update(id, { nickname: 'Suite', active: false });
      await stripe.prices.retrieve(id, { expand: ['product'] });
      expect((await stripe.prices.list({ product: product.id })).data).toHaveLength(1);
    });

    it('about setup intents', async () => {
      const { customer } = await customerWith('pm_card_visa');
      const make = () => stripe.setupIntents.create({ customer, usage: 'off_session' });
      const [confirmed, refused, authenticated, canceled] = [
        await make(),
        await make(),
        await make(),
        await make(),
      ];
      await stripe.setupIntents.update(confirmed.id, { metadata: { one: 'two' } });
      await stripe.setupIntents.confirm(confirmed.id, { payment_method: 'pm_card_visa' });
      const declined = stripe.setupIntents.confirm(refused.id, {
        payment_method: 'pm_card_visa_chargeDeclined',
      });
      expect(await failure(declined)).toMatchObject({ statusCode: 402 });
      await stripe.setupIntents.confirm(authenticated.id, {
        payment_method: 'pm_card_authenticationRequired',
      });
      await control('/authentications', { id: authenticated.id, succeeds: false });
      await stripe.setupIntents.retrieve(authenticated.id);
      await stripe.setupIntents.cancel(canceled.id);
      expect((await stripe.setupIntents.list({ customer })).data).toHaveLength(4);
    });

    it('about Checkout and the portal', async () => {
      const { customer } = await customerWith('pm_card_visa');
      const back = { success_url: 'https://app.example.com/paid', cancel_url: 'https://app.example.com/' };
      const setup = await stripe.checkout.sessions.create({
        mode: 'setup',
        customer,
        currency: 'eur',
        ...back,
      });
      const bought = await stripe.checkout.sessions.create({
        ...{ mode: 'subscription', customer, line_items: [{ price: TEAM, quantity: 1 }], ...back },
      });
      const expired = await stripe.checkout.sessions.create({
        ...{ mode: 'subscription', line_items: [{ price: BUSINESS, quantity: 1 }], ...back },
      });
      for (const { id } of [setup, bought])
        await fetch(`${standIn.url}/_pages/checkout/${id}`, {
          ...{ method: 'POST', redirect: 'manual', body: 'card=4242424242424242' },
        });
      await stripe.checkout.sessions.retrieve(setup.id, { expand: ['setup_intent'] });
      const { status } = await stripe.checkout.sessions.retrieve(bought.id, { expand: ['subscription'] });
      expect(status).toBe('complete');
      await stripe.checkout.sessions.listLineItems(bought.id);
      await stripe.checkout.sessions.expire(expired.id);
      await stripe.checkout.sessions.list({ customer });
      await stripe.billingPortal.sessions.create({ customer, return_url: 'https://app.example.com/' });
    });

    it('about a subscription, from its trial to its end', async () => {
      const { customer, card } = await customerWith('pm_card_visa');
      const { id, items } = await subscribe(customer, {
        trial_period_days: 7,
        expand: ['latest_invoice', 'customer'],
      });
      standIn.advance(40 * DAY);
      const change = {
        items: [{ id: items.data[0]?.id ?? '', price: BUSINESS, quantity: 5 }],
        ...{ proration_behavior: 'always_invoice' as const, proration_date: standIn.world.now() },
      };
      await stripe.invoices.createPreview({ customer, subscription: id, subscription_details: change });
      const changed = await stripe.subscriptions.update(id, {
        ...{ ...change, payment_behavior: 'error_if_incomplete' },
        expand: ['latest_invoice.payments.data.payment.payment_intent', 'latest_invoice.confirmation_secret'],
      });
      const intent = object(object(changed.latest_invoice).payments?.data[0]?.payment.payment_intent);
      await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
      await stripe.paymentIntents.list({ customer });
      await stripe.subscriptions.update(id, { items: [{ id: items.data[0]?.id ?? '', quantity: 6 }] });
      await stripe.subscriptions.update(id, { cancel_at_period_end: true });
      await stripe.subscriptions.update(id, { cancel_at_period_end: false, default_payment_method: card });
      await stripe.subscriptions.update(id, { items: [{ id: items.data[0]?.id ?? '', price: TEAM_YEARLY }] });
      expect(await failure(stripe.subscriptions.resume(id))).toMatchObject({ statusCode: 400 });
      await stripe.subscriptions.cancel(id);
      expect((await stripe.subscriptions.list({ customer, status: 'all' })).data).toMatchObject([
        { status: 'canceled' },
      ]);
      await stripe.subscriptions.retrieve(id);
    });

    it('about payments that fail, or need a person', async () => {
      const failing = await customerWith('pm_card_visa');
      const subscription = await subscribe(failing.customer);
      await control('/cards', { id: failing.card, token: 'pm_card_chargeCustomerFail' });
      standIn.advance(32 * DAY);
      const [open] = (await stripe.invoices.list({ subscription: subscription.id })).data;
      expect(open?.status).toBe('open');
      expect(await failure(stripe.invoices.pay(open?.id ?? ''))).toMatchObject({ statusCode: 402 });
      await control('/payments', { id: open?.id });
      await stripe.invoices.retrieve(open?.id ?? '', { expand: ['payments'] });
      standIn.advance(31 * DAY);
      const [next] = (await stripe.invoices.list({ subscription: subscription.id })).data;
      await stripe.invoices.update(next?.id ?? '', { metadata: { one: 'two' } });
      await stripe.invoices.markUncollectible(next?.id ?? '');
      const [third] = await draft(subscription.id);
      await stripe.invoices.finalizeInvoice(third);
      await stripe.invoices.voidInvoice(third);

      const asked = await customerWith('pm_card_authenticationRequired');
      const incomplete = await subscribe(asked.customer, {
        ...{
          payment_behavior: 'default_incomplete',
          expand: ['latest_invoice.payments.data.payment.payment_intent'],
        },
      });
      const intent = object(object(incomplete.latest_invoice).payments?.data[0]?.payment.payment_intent);
      await stripe.paymentIntents.confirm(intent.id, { payment_method: asked.card });
      await control('/authentications', { id: intent.id, succeeds: true });
      expect((await stripe.subscriptions.retrieve(incomplete.id)).status).toBe('active');
      const expired = await customerWith('pm_card_chargeCustomerFail');
      const { id } = await subscribe(expired.customer);
      standIn.advance(DAY);
      expect((await stripe.subscriptions.retrieve(id)).status).toBe('incomplete_expired');
    });

    /** The invoice of the next period, within the hour in which it is a draft. */
    async function draft(subscription: string): Promise<[string]> {
      const { items } = await stripe.subscriptions.retrieve(subscription);
      await control('/clock', { to: (items.data[0]?.current_period_end ?? 0) + 60 });
      const [invoice] = (await stripe.invoices.list({ subscription, status: 'draft' })).data;
      return [invoice?.id ?? ''];
    }

    it('about refunds, credit notes, disputes and warnings', async () => {
      const { customer } = await customerWith('pm_card_visa');
      const { latest_invoice: invoice } = await subscribe(customer);
      const charge = await lastCharge(customer);
      const refund = await stripe.refunds.create({ charge, amount: 100, reason: 'requested_by_customer' });
      await stripe.refunds.retrieve(refund.id, { expand: ['charge'] });
      await stripe.refunds.list({ charge });
      const note = await stripe.creditNotes.create({
        invoice: invoice as string,
        amount: 100,
        refund_amount: 100,
      });
      await stripe.creditNotes.retrieve(note.id);
      await stripe.creditNotes.list({ customer });
      await control('/disputes', { charge });
      await control('/early-fraud-warnings', { charge });
      const [dispute] = (await stripe.disputes.list({ charge })).data;
      await stripe.disputes.retrieve(dispute?.id ?? '', { expand: ['charge'] });
      await stripe.disputes.close(dispute?.id ?? '');
      const other = await customerWith('pm_card_createDispute');
      await subscribe(other.customer);
      const [disputed] = (await stripe.disputes.list({ charge: await lastCharge(other.customer) })).data;
      await control('/closed-disputes', { id: disputed?.id, status: 'won' });
      const [warning] = (await stripe.radar.earlyFraudWarnings.list({ charge })).data;
      await stripe.radar.earlyFraudWarnings.retrieve(warning?.id ?? '', { expand: ['charge'] });
      await stripe.charges.retrieve(charge);
      await stripe.invoices.listLineItems(invoice as string);
      await stripe.invoicePayments.list({ invoice: invoice as string });
      expect((await stripe.disputes.retrieve(disputed?.id ?? '')).status).toBe('won');
    });

    it('about the account, its money and its events', async () => {
      await control('/payouts', { currency: 'eur', amount: 1000 });
      await stripe.balance.retrieve();
      const [payout] = (await stripe.payouts.list({ limit: 3 })).data;
      await stripe.payouts.retrieve(payout?.id ?? '');
      const [transaction] = (await stripe.balanceTransactions.list({ limit: 20 })).data;
      await stripe.balanceTransactions.retrieve(transaction?.id ?? '');
      await stripe.rawRequest('GET', '/v1/account');
      const { data } = await stripe.events.list({ limit: 100, types: ['customer.*', 'invoice.paid'] });
      await stripe.events.retrieve(data[0]?.id ?? '');
      expect(
        await failure(clientOf({ url: mirror.url, key: 'sk_test_other' }).balance.retrieve()),
      ).toMatchObject({
        statusCode: 401,
      });
    });

    it('at every route', () => {
      const played = Object.keys(apiRoutes).map((route) => {
        const [method, path = ''] = route.split(' ');
        return `${method ?? ''} ${mock.description.routeOf(path) ?? path}`;
      });
      expect([...mirror.asked].toSorted()).toEqual(played.toSorted());
      expect([...new Set(mirror.problems)]).toEqual([]);
    });
  });

  it('in its events, of every type that it tells', async () => {
    await standIn.settled();
    const told = await eventTypesIn(path.join(root, 'tools/stripe-stand-in'), mock.description.eventTypes);
    expect([...new Set(events.map(({ type }) => type))].toSorted()).toEqual(told);
    const problems = events.flatMap((event) =>
      mock.description.problemsOfEvent(event).map((problem) => `${event.type}: ${problem}`),
    );
    expect([...new Set(problems)]).toEqual([]);
  });

  it('but for the differences that are listed', () => {
    expect([mock.description.version, Stripe.API_VERSION]).toEqual([
      '2026-08-26.dahlia',
      '2026-10-28.endive',
    ]);
    expect(differences.filter(({ schema, member }) => mock.description.has(schema, member))).toEqual([]);
    expect(
      newerParameters.filter(({ route, parameter }) => mock.description.takes(route, parameter)),
    ).toEqual([]);
    expect(mock.description.takes('POST /v1/checkout/sessions', 'success_url')).toBe(true);
    const sent = JSON.stringify(events);
    expect(differences.filter(({ member }) => !sent.includes(`"${member}":`))).toEqual([]);
  });

  it('and a member or a parameter that Stripe does not have is noticed', async () => {
    const answer = (await (
      await fetch(`${mock.url}/v1/customers/cus_1`, {
        headers: { authorization: 'Bearer sk_test_123' },
      })
    ).json()) as object;
    const problems = (more: object) =>
      mock.description.problemsOf('GET', '/v1/customers/cus_1', 200, { ...answer, ...more });
    expect(problems({})).toEqual([]);
    expect(problems({ nickname: 'Ada' })[0]).toContain('nickname');
    expect(problems({ created: 'today' })[0]).toContain('/created');
    const before = mirror.problems.length;
    await failure(stripe.customers.create({ nickname: 'Ada' } as object));
    expect(mirror.problems.slice(before).join()).toContain('stripe-mock: 400');
  });
});

/** The types of events that the stand-in's own code names. */
async function eventTypesIn(folder: string, known: ReadonlySet<string>): Promise<string[]> {
  const found = new Set<string>();
  for await (const file of glob('*.ts', { cwd: folder, exclude: ['*.spec.ts'] }))
    for (const [, name = ''] of (await readFile(path.join(folder, file), 'utf8')).matchAll(/'([a-z_.]+)'/g))
      if (known.has(name)) found.add(name);
  return [...found].toSorted();
}
