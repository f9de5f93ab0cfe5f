/** @promise P10 an erased person's name and address for invoices are gone at Stripe and here, and another's stay */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Vault } from '@vouchsafe/vault';
import { ada, type BillingApp, billingApp, ours } from '../testing/billing-app.js';
import { type SmallStripe, smallStripe } from '../testing/small-stripe.js';
import { RemovePerson } from './remove-person.js';

let stripe: SmallStripe;
let app: BillingApp;
const details = { name: 'Ada Lovelace', email: 'ada@example.com' };

beforeAll(async () => {
  stripe = await smallStripe();
  app = await billingApp({ STRIPE_SECRET_KEY: 'sk_test_of_this_suite', VOUCHSAFE_STRIPE_API: stripe.url });
}, 60_000);
afterAll(async () => {
  await app.stop();
  await stripe.stop();
});

const erasureOf = (subject: string) => ({
  ...{ erasureId: randomUUID(), organizationId: ours, userId: subject, organizations: [ours] },
  ...{ subjects: [subject], requestedAt: new Date() },
});
const remove = (subject: string) => app.get(RemovePerson).remove(erasureOf(subject));
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
    await app.get(RemovePerson).beforeKeys(erasureOf(bea));
    await destroyKeys();
    await remove(bea);
    expect([atStripe(), await open()]).toEqual([[['', '']], []]);
  });

  it('is removed where it cannot be read any more, once no request is at it', async () => {
    await app.get(RemovePerson).beforeKeys(erasureOf(bea));
    await destroyKeys();
    stripe.fault = () => undefined;
    await expect(remove(bea)).rejects.toThrow('Stripe did not remove a name');
    expect(atStripe()).toEqual([[details.name, details.email]]);
    app.clock.ahead += 90_000;
    // By the worker, or by the erasure, which is tried again.
    while (await remove(bea).catch(() => true)) await new Promise((resolve) => setTimeout(resolve, 100));
    expect([atStripe(), await open()]).toEqual([[['', '']], []]);
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
