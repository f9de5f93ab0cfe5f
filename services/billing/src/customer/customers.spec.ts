/** A customer at Stripe whose record a failover lost is found again, however old it is. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Vault } from '@vouchsafe/vault';
import pg from 'pg';
import { Reconcile } from '../reconciliation/reconcile.js';
import { type BillingApp, billingApp } from '../testing/billing-app.js';
import { type SmallStripe, smallStripe } from '../testing/small-stripe.js';

let stripe: SmallStripe;
let app: BillingApp;
let organizationId: string;

beforeAll(async () => {
  stripe = await smallStripe();
  app = await billingApp({ STRIPE_SECRET_KEY: 'sk_test_small', VOUCHSAFE_STRIPE_API: stripe.url });
  await run(`update reconciliation set finished_at = clock_timestamp()`);
});
afterAll(async () => {
  await app.stop();
  await stripe.stop();
});
beforeEach(() => {
  organizationId = randomUUID();
});

/** As superuser: what is appended is immutable to everybody else. */
async function run(...statements: readonly string[]): Promise<void> {
  const admin = new pg.Client(new URL('/billing', app.postgres.adminUrl).href);
  await admin.connect();
  await admin.query('set session_replication_role = replica');
  for (const statement of statements) await admin.query(statement);
  await admin.end();
}

/** A failover loses the organization's record, and Stripe forgets its keys. */
async function lose(): Promise<void> {
  await run(
    ...['event', 'customer', 'intent'].map(
      (table) => `delete from ${table} where organization_id = '${organizationId}'`,
    ),
  );
  stripe.forgetKeys();
}

async function order(): Promise<void> {
  const headers = { 'idempotency-key': randomUUID() };
  const { status } = await app.ask('POST', '/v1/billing/setup-intents', { organizationId, headers });
  expect(status).toBe(201);
}

const customers = () =>
  stripe
    .of('customer')
    .filter(({ metadata }) => (metadata as Record<string, string>).vouchsafe_organization === organizationId);
const known = async () =>
  (await app.ask('GET', '/v1/billing/customer', { organizationId })).body.customerId as string | null;
const compare = () => app.get(Reconcile).run();

it('by the daily comparison, which records it anew, and once', async () => {
  await order();
  await lose();
  expect(await known()).toBeNull();
  expect(await compare()).toMatchObject({ adopted: 1 });
  expect(await compare()).toMatchObject({ adopted: 0 });
  expect(await known()).toBe(customers()[0]?.id);
  await order();
  expect(customers()).toHaveLength(1);
});

it.each([
  ['long ago', `clock_timestamp() - interval '24 hours'`],
  ['never', 'null'],
])('by the next order, where the last comparison was %s', async (_, at) => {
  await order();
  await lose();
  await run(`update reconciliation set customers_listed_at = ${at}`);
  await order();
  expect(customers()).toHaveLength(1);
  expect(await known()).toBe(customers()[0]?.id);
});

it('and is not looked for where Stripe still knows every key', async () => {
  await compare();
  const lists = () => stripe.asked.filter((route) => route === 'GET /v1/customers').length;
  const before = lists();
  await order();
  expect(lists()).toBe(before);
});

it('unless another system has made it', async () => {
  const metadata = { vouchsafe_organization: organizationId, vouchsafe_mark: 'of another system' };
  stripe.made.push({ id: 'cus_of_another_system', object: 'customer', livemode: false, metadata });
  expect(await compare()).toMatchObject({ adopted: 0 });
  expect(await known()).toBeNull();
});

it('and is deleted at Stripe where the data of its organization is deleted, also one that nobody had recorded (P31)', async () => {
  await order();
  const [left] = customers();
  await lose();
  await app.database.asRetention((sql) => app.get(Vault).refuseOrganization(sql, organizationId, new Date()));
  const metadata = { vouchsafe_organization: organizationId, vouchsafe_mark: 'of another system' };
  stripe.made.push({ id: 'cus_of_yet_another', object: 'customer', livemode: false, metadata });
  expect(await compare()).toMatchObject({ adopted: 0 });
  expect(stripe.asked.filter((route) => route.startsWith('DELETE'))).toEqual([
    `DELETE /v1/customers/${left?.id ?? ''}`,
  ]);
  expect(customers().map(({ id }) => id)).toEqual(['cus_of_yet_another']);
  expect(await known()).toBeNull();
});

const hold = (scope: object) =>
  app.database.asWorker((sql) =>
    sql.query(
      `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at) values ($1, $2, $3, $4, now())`,
      [randomUUID(), randomUUID(), organizationId, JSON.stringify(scope)],
    ),
  );

it.each([
  ['on all of its data', { of: 'organization' }],
  ['on a part, which does not stop the beginning of the purge', { of: 'subject', subjects: [randomUUID()] }],
])('and stays at Stripe while there is a legal hold %s', async (_, scope) => {
  await order();
  await lose();
  await app.database.asRetention((sql) => app.get(Vault).refuseOrganization(sql, organizationId, new Date()));
  await hold(scope);
  await compare();
  expect(customers()).toHaveLength(1);
  await app.database.asWorker((sql) =>
    sql.query('update hold set released_at = now() where held_organization_id = $1', [organizationId]),
  );
  await compare();
  expect(customers()).toHaveLength(0);
});

it('and is left to the purge where it has a record', async () => {
  await order();
  await app.database.asRetention((sql) => app.get(Vault).refuseOrganization(sql, organizationId, new Date()));
  await compare();
  expect(customers()).toHaveLength(1);
});
