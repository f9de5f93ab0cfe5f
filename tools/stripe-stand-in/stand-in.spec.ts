import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { type StandIn, startStandIn } from './stand-in.ts';

const [key, secret] = ['sk_test_of_this_suite', 'whsec_of_this_suite'];

let folder: string;
let standIn: StandIn;
let stripe: Stripe;
let receiver: Server;
let events: Stripe.Event[] = [];

async function start(): Promise<void> {
  const { port } = receiver.address() as AddressInfo;
  standIn = await startStandIn({ folder, key, webhook: { url: `http://127.0.0.1:${port}/`, secret } });
  const { hostname, port: own } = new URL(standIn.url);
  stripe = new Stripe(key, { host: hostname, port: own, protocol: 'http', maxNetworkRetries: 0 });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-stand-in-'));
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      // Throws where the signature is not Stripe's.
      const header = request.headers['stripe-signature'] ?? '';
      events.push(stripe.webhooks.constructEvent(Buffer.concat(chunks), header, secret));
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  await start();
});
afterAll(async () => {
  await standIn.stop();
  receiver.close();
  await rm(folder, { recursive: true });
});

const control = async (method: string, route: string, body?: object): Promise<unknown> => {
  const answer = await fetch(`${standIn.url}/_stand-in/${route}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  return answer.json();
};

async function customerWithCard(token = 'pm_card_visa'): Promise<Stripe.Customer> {
  const customer = await stripe.customers.create({ name: 'Ada' });
  const { id } = await stripe.setupIntents.create({ customer: customer.id });
  const { payment_method: method } = await stripe.setupIntents.confirm(id, { payment_method: token });
  return stripe.customers.update(customer.id, {
    invoice_settings: { default_payment_method: method as string },
  });
}

function subscribe(customer: string): Promise<Stripe.Subscription> {
  return stripe.subscriptions.create({ customer, items: [{ price: 'price_team', quantity: 2 }] });
}

const typesOf = (id: string) =>
  events.filter(({ data }) => (data.object as { id?: string }).id === id).map(({ type }) => type);

describe('the stand-in for Stripe, asked by Stripe’s own SDK', () => {
  it('charges once for a key, and refuses other parameters under it', async () => {
    const { id: customer } = await customerWithCard();
    const asked = { customer, items: [{ price: 'price_team' }] };
    const options = { idempotencyKey: 'once' };
    const first = await stripe.subscriptions.create(asked, options);
    expect((await stripe.subscriptions.create(asked, options)).id).toBe(first.id);
    expect((await stripe.charges.list({ customer })).data).toHaveLength(1);
    await expect(
      stripe.subscriptions.create({ ...asked, items: [{ price: 'price_business' }] }, options),
    ).rejects.toThrow('same parameters');
  });

  it('pages as Stripe does, and answers as Stripe where there is nothing, or the key is wrong', async () => {
    for (const name of ['one', 'two', 'three']) await stripe.customers.create({ name });
    const names: unknown[] = [];
    for await (const { name } of stripe.customers.list({ limit: 2 })) names.push(name);
    expect(names.slice(0, 3)).toEqual(['three', 'two', 'one']);
    await expect(stripe.subscriptions.retrieve('sub_none')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    const { hostname, port } = new URL(standIn.url);
    const stranger = new Stripe('sk_test_other', { host: hostname, port, protocol: 'http' });
    await expect(stranger.balance.retrieve()).rejects.toMatchObject({ statusCode: 401 });
  });

  it('refuses the cards that Stripe’s test cards refuse', async () => {
    await expect(customerWithCard('pm_card_visa_chargeDeclined')).rejects.toMatchObject({
      code: 'card_declined',
    });
    const { id } = await customerWithCard('pm_card_chargeCustomerFail');
    const { status } = await subscribe(id);
    expect(status).toBe('incomplete');
    await control('POST', 'clock', { seconds: 23 * 3600 + 1 });
    expect((await stripe.subscriptions.list({ customer: id, status: 'all' })).data[0]?.status).toBe(
      'incomplete_expired',
    );
  });

  it('renews with the clock, retries a payment that failed, and ends what was cancelled', async () => {
    const customer = await customerWithCard();
    const { id } = await subscribe(customer.id);
    const card = customer.invoice_settings.default_payment_method as string;
    await control('POST', 'cards', { id: card, token: 'pm_card_chargeCustomerFail' });
    await control('POST', 'clock', { days: 31 });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('past_due');
    await control('POST', 'cards', { id: card, token: 'pm_card_visa' });
    await control('POST', 'clock', { days: 4 });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
    await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await control('POST', 'clock', { days: 31 });
    const ended = await stripe.subscriptions.retrieve(id);
    expect([ended.status, ended.ended_at]).toEqual(['canceled', ended.items.data[0]?.current_period_end]);
    expect((await stripe.charges.list({ customer: customer.id })).data.map(({ amount }) => amount)).toEqual([
      3800, 3800,
    ]);
  });

  it('says beforehand what a change costs, and then charges that', async () => {
    const customer = await customerWithCard();
    const { id, items } = await subscribe(customer.id);
    const [item] = items.data;
    const details = {
      items: [{ id: item?.id ?? '', price: 'price_business', quantity: 3 }],
      proration_date: item?.current_period_start ?? 0,
    };
    const preview = await stripe.invoices.createPreview({ subscription: id, subscription_details: details });
    expect(preview.total).toBe(3 * 4900 - 2 * 1900);
    await stripe.subscriptions.update(id, { ...details, proration_behavior: 'always_invoice' });
    expect((await stripe.invoices.list({ subscription: id })).data[0]?.amount_paid).toBe(preview.total);
  });

  it('has a page that takes a test card, and leads back', async () => {
    const customer = await stripe.customers.create({});
    const session = await stripe.checkout.sessions.create({
      ...{
        customer: customer.id,
        mode: 'subscription',
        success_url: 'http://localhost/paid?{CHECKOUT_SESSION_ID}',
      },
      line_items: [{ price: 'price_team', quantity: 1 }],
    });
    const fill = (card: string) =>
      fetch(session.url ?? '', { method: 'POST', body: new URLSearchParams({ card }), redirect: 'manual' });
    const refused = await fill('4000 0000 0000 0002');
    expect([refused.status, await refused.text()]).toEqual([402, expect.stringContaining('declined')]);
    const paid = await fill('4242 4242 4242 4242');
    expect(paid.headers.get('location')).toBe(`http://localhost/paid?${session.id}`);
    const { status, subscription } = await stripe.checkout.sessions.retrieve(session.id);
    expect([status, typeof subscription]).toEqual(['complete', 'string']);
  });

  it('sends signed webhooks, some of them twice, and lists the same events', async () => {
    events = [];
    const customer = await customerWithCard();
    const { id } = await subscribe(customer.id);
    await standIn.settled();
    expect(new Set(typesOf(id))).toEqual(
      new Set(['customer.subscription.created', 'customer.subscription.updated']),
    );
    expect(events.length).toBeGreaterThan(new Set(events.map((one) => one.id)).size);
    const listed = await stripe.events.list({ type: 'invoice.paid' });
    expect(listed.data[0]?.type).toBe('invoice.paid');
  });

  it('fails as it is asked to: what was carried out and not answered is there, and answered by its key', async () => {
    await control('POST', 'faults', { faults: [{ kind: 'lost', times: 2, writes: true }] });
    // The SDK asks once more by itself.
    const options = { idempotencyKey: 'lost' };
    await expect(stripe.customers.create({ name: 'Lost' }, options)).rejects.toBeInstanceOf(
      Stripe.errors.StripeConnectionError,
    );
    const made = await stripe.customers.create({ name: 'Lost' }, options);
    const { data } = await stripe.customers.list({ limit: 100 });
    expect(data.filter(({ name }) => name === 'Lost').map((one) => one.id)).toEqual([made.id]);
    await control('POST', 'faults', { faults: [{ kind: 500, times: 1 }] });
    await expect(stripe.customers.create({})).rejects.toMatchObject({ statusCode: 500 });
  });

  it('keeps its state over a restart', async () => {
    const { id } = await stripe.customers.create({ name: 'Stays' });
    await standIn.stop();
    await start();
    expect((await stripe.customers.retrieve(id)) as Stripe.Customer).toMatchObject({ name: 'Stays' });
  });
});
