/** @promise P10 an erased person's name and address for invoices are removed at Stripe; another person's stay */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Vault } from '@vouchsafe/vault';
import { ada, type BillingApp, billingApp, ours } from '../testing/billing-app.js';
import { type Made, type SmallStripe, smallStripe } from '../testing/small-stripe.js';
import { type PersonErasure, withoutAsking } from '@vouchsafe/service-host';
import { RemovePerson } from './remove-person.js';

let stripe: SmallStripe;
let app: BillingApp;
const details = { name: 'Ada Lovelace', email: 'ada@example.com' };

beforeAll(async () => {
  stripe = await smallStripe();
  app = await billingApp({
    STRIPE_SECRET_KEY: 'sk_test_of_this_suite',
    VOUCHSAFE_STRIPE_API: stripe.url,
    VOUCHSAFE_BILLING_PRICES: 'price_team',
  });
}, 60_000);
afterAll(async () => {
  await app.stop();
  await stripe.stop();
});

const erasureOf = (subject: string): PersonErasure => ({
  of: 'person',
  ...{ erasureId: randomUUID(), organizationId: ours, userId: subject, organizations: [ours] },
  ...{ subjects: [subject], requestedAt: new Date() },
});
const remove = (subject: string) =>
  app.get(RemovePerson).remove(erasureOf(subject), withoutAsking(app.database));
const atStripe = () => stripe.of('customer').map(({ name, email }) => [name, email]);

it('is removed where the person gave them, and only then', async () => {
  expect((await app.ask('PUT', '/v1/billing/customer', { body: details })).status).toBe(200);
  await remove(randomUUID());
  expect(atStripe()).toEqual([[details.name, details.email]]);
  await remove(ada);
  expect(atStripe()).toEqual([['', '']]);
});

describe('given by an order whose answer was lost', () => {
  let bea: string;
  beforeEach(async () => {
    bea = randomUUID();
    stripe.fault = (route) => (route.includes('customers/cus') ? 'lost' : undefined);
    const lost = await app.ask('PUT', '/v1/billing/customer', { body: details, userId: bea });
    expect(lost.body.code).toBe('outcome-unknown');
    expect(atStripe()).toEqual([[details.name, details.email]]);
  });
  /** As an erasure does, before its removals. */
  const destroyKeys = () =>
    app.database.asRetention((sql) =>
      app.get(Vault).destroySubject(sql, { organizationId: ours, subjectId: bea }, new Date()),
    );
  const open = () => app.database.asWorker((sql) => sql.query('select from intent'));

  it('is removed, and the order is finished while it can be read', async () => {
    stripe.fault = () => undefined;
    await app.get(RemovePerson).beforeKeys(erasureOf(bea), withoutAsking(app.database));
    await destroyKeys();
    await remove(bea);
    expect([atStripe(), await open()]).toEqual([[['', '']], []]);
  });

  it('is removed where it cannot be read any more, once no request is at it', async () => {
    await app.get(RemovePerson).beforeKeys(erasureOf(bea), withoutAsking(app.database));
    await destroyKeys();
    stripe.fault = () => undefined;
    await expect(remove(bea)).rejects.toThrow('Stripe did not remove a name');
    expect(atStripe()).toEqual([[details.name, details.email]]);
    app.clock.ahead += 90_000;
    // By the worker, or by the erasure, which is tried again.
    while (await remove(bea).catch(() => true)) await new Promise((resolve) => setTimeout(resolve, 100));
    expect([atStripe(), await open()]).toEqual([[['', '']], []]);
  });

  it('gives way to what another person gave before', async () => {
    const given = { name: 'Analytical Engines', email: 'invoices@example.com' };
    stripe.fault = () => undefined;
    await app.get(RemovePerson).beforeKeys(erasureOf(bea), withoutAsking(app.database));
    expect((await app.ask('PUT', '/v1/billing/customer', { body: given })).status).toBe(200);
    stripe.fault = (route) => (route.includes('customers/cus') ? 'lost' : undefined);
    await app.ask('PUT', '/v1/billing/customer', { body: details, userId: bea });
    expect(atStripe()).toEqual([[details.name, details.email]]);
    await destroyKeys();
    stripe.fault = () => undefined;
    app.clock.ahead += 90_000;
    while (await remove(bea).catch(() => true)) await new Promise((resolve) => setTimeout(resolve, 100));
    expect([atStripe(), await open()]).toEqual([[[given.name, given.email]], []]);
  });
});

it('is removed from cards that the person saved, and from no other', async () => {
  const bea = randomUUID();
  for (const userId of [ada, bea])
    await app.ask('POST', '/v1/billing/setup-intents', {
      userId,
      headers: { 'idempotency-key': randomUUID() },
    });
  stripe.of('setup_intent').forEach((intent, nth) => {
    const id = `pm_${nth}`;
    stripe.made.push({ id, object: 'payment_method', billing_details: { name: 'A holder' } });
    Object.assign(intent, { payment_method: id });
  });
  await remove(bea);
  const holders = stripe
    .of('payment_method')
    .map(({ billing_details: holder }) => (holder as { name: string }).name);
  expect(holders).toEqual(['A holder', '']);
});

describe('of a card that was saved by Checkout with a subscription', () => {
  let bea: string;
  let card: Made;
  const by = (userId: string) => ({ userId, headers: { 'idempotency-key': randomUUID() } });
  beforeEach(async () => {
    bea = randomUUID();
    const back = { successUrl: 'https://app.example.com/', cancelUrl: 'https://app.example.com/' };
    const body = { mode: 'subscription', priceId: 'price_team', ...back };
    expect((await app.ask('POST', '/v1/billing/checkout-sessions', { ...by(bea), body })).status).toBe(201);
    // As Stripe does once the page is completed.
    const session = stripe.of('checkout.session').at(-1);
    const [customer, metadata] = [session?.customer, session?.metadata];
    const billing_details = { name: 'A holder' };
    card = { id: `pm_${bea}`, object: 'payment_method', customer, metadata: {}, billing_details };
    stripe.made.push(card, {
      ...{ id: `sub_${bea}`, object: 'subscription', status: 'active', customer, metadata },
      default_payment_method: card.id,
    });
  });
  afterEach(() => {
    stripe.fault = () => undefined;
  });

  it('is removed also where another person made that card the default', async () => {
    const made = await app.ask('PUT', `/v1/billing/payment-methods/${card.id}/default`, { userId: ada });
    expect(made.status).toBe(204);
    await remove(ada);
    expect(card.billing_details).toMatchObject({ name: 'A holder' });
    await remove(bea);
    expect(card.billing_details).toMatchObject({ name: '' });
  });

  it('is not reported as removed while Stripe refuses it', async () => {
    stripe.fault = (route) => (route === `POST /v1/payment_methods/${card.id}` ? 400 : undefined);
    await expect(remove(bea)).rejects.toThrow('Stripe did not remove a card holder’s details');
  });

  it('needs no removal once the card is detached, for it cannot be changed then', async () => {
    card.customer = null;
    stripe.fault = (route) => (route === `POST /v1/payment_methods/${card.id}` ? 400 : undefined);
    await remove(bea);
  });
});

it('stays on invoices, and the receipt says on which ground and until when', async () => {
  expect((await app.ask('PUT', '/v1/billing/customer', { body: details })).status).toBe(200);
  const retained = (subject: string) => app.get(RemovePerson).retained(erasureOf(subject));
  expect(await retained(ada)).toEqual([]);
  await app.database.asWorker((sql) =>
    sql.query(
      `insert into invoice (organization_id, invoice_id, customer_id, status, currency, total, amount_due, amount_paid, amount_remaining,
         attempt_count, attempted, created_at, period_start, period_end, finalized_at, observed_at)
       select $1, 'in_1', 'cus_1', 'paid', 'EUR', 1, 1, 1, 0, 1, true, at, at, at, at, at
       from (select timestamptz '2026-03-01') as times (at)`,
      [ours],
    ),
  );
  expect(await retained(ada)).toEqual([
    { what: 'invoices-at-stripe', ground: 'statutory-accounting', until: '2036-12-31' },
  ]);
  expect(await retained(randomUUID())).toEqual([]);
});

it('is tried again until Stripe has answered', async () => {
  expect((await app.ask('PUT', '/v1/billing/customer', { body: details })).status).toBe(200);
  stripe.fault = () => 500;
  await expect(remove(ada)).rejects.toThrow('Stripe did not remove a name');
  stripe.fault = () => undefined;
  await remove(ada);
  expect(atStripe()).toEqual([['', '']]);
});
