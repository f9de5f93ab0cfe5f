/**
 * @promise P22 client secrets and links of Stripe's pages are not stored
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ada, type AskOptions, type BillingApp, billingApp } from '../testing/billing-app.js';
import { type Fault, type SmallStripe, smallStripe } from '../testing/small-stripe.js';
import { stoppedAt } from '../testing/stopped-at.js';
import { IntentWorker } from './intent-worker.js';

let stripe: SmallStripe;
let app: BillingApp;
/** A new one for each test. */
let organizationId: string;

beforeAll(async () => {
  stripe = await smallStripe();
  app = await billingApp({
    STRIPE_SECRET_KEY: 'sk_test_small',
    VOUCHSAFE_STRIPE_API: stripe.url,
    VOUCHSAFE_BILLING_PRICES: 'price_team,price_large,price_archived,price_live,price_unknown',
  });
});
afterAll(async () => {
  await app.stop();
  await stripe.stop();
});
beforeEach(() => {
  organizationId = randomUUID();
  stripe.fault = () => undefined;
  stripe.during = () => Promise.resolve();
});

const back = { successUrl: 'https://app.example.com/paid', cancelUrl: 'https://app.example.com/' };

/** Each command: how it is asked, and what it makes at Stripe. */
const commands: readonly (readonly [path: string, body: object | undefined, object: string])[] = [
  ['subscriptions', { priceId: 'price_team', quantity: 3, paymentMethodId: 'pm_good' }, 'subscription'],
  [
    'checkout-sessions',
    { mode: 'subscription', priceId: 'price_team', quantity: 3, ...back },
    'checkout.session',
  ],
  ['checkout-sessions', { mode: 'setup', ...back }, 'checkout.session'],
  ['setup-intents', undefined, 'setup_intent'],
];

const post = (path: string, body: object | undefined, key: string, more: AskOptions = {}) =>
  app.ask('POST', `/v1/billing/${path}`, {
    organizationId,
    headers: { 'idempotency-key': key },
    ...(body && { body }),
    ...more,
  });

const ourCustomers = () =>
  stripe
    .of('customer')
    .filter(({ metadata }) => (metadata as Record<string, string>).vouchsafe_organization === organizationId);
const madeOf = (object: string) => {
  const ids = ourCustomers().map(({ id }) => id);
  return stripe.of(object).filter(({ customer }) => ids.includes(customer as string));
};

/** The facts of the organization, in the order in which they became so. */
async function events(): Promise<{ type: string; metadata: { actor: object } }[]> {
  return app.database.asWorker((sql) =>
    sql.query('select type, metadata from event where organization_id = $1 order by position', [
      organizationId,
    ]),
  );
}

/** A failover that lost what was recorded last. */
async function forget(): Promise<void> {
  const admin = new pg.Client(new URL('/billing', app.postgres.adminUrl).href);
  await admin.connect();
  // What is appended is immutable to everybody else.
  await admin.query('set session_replication_role = replica');
  for (const table of ['event', 'customer', 'intent'])
    await admin.query(`delete from ${table} where organization_id = $1`, [organizationId]);
  await admin.end();
}

/** What is still open is carried out by the worker, once the leases have run out. */
async function settle(): Promise<void> {
  app.clock.ahead += 3_600_000;
  const isOpen = async () => {
    const open = await app.database.asWorker((sql) =>
      sql.query('select from intent where organization_id = $1 and due_at is not null', [organizationId]),
    );
    return open.length > 0;
  };
  // The app's own worker may be at one.
  while ((await app.get(IntentWorker).step()) > 0 || (await isOpen()))
    await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.each(commands)('POST %s %j', (path, body, object) => {
  it('is carried out once, however often it is sent with its key, and answers the same', async () => {
    const key = randomUUID();
    const answers = await Promise.all([1, 2, 3].map(() => post(path, body, key)));
    answers.push(await post(path, body, key));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect([ourCustomers().length, madeOf(object).length]).toEqual([1, 1]);
    const completed = (await events()).filter(({ type }) => type === 'intent-completed');
    expect(completed).toHaveLength(1);
    expect(completed[0]?.metadata.actor).toEqual({
      type: 'user',
      id: ada,
    });
  });

  it.each(['lost', 'half', 500, 503] as const)(
    'is carried out once where Stripe answers %s',
    async (fault) => {
      const key = randomUUID();
      // Every try of the first request fails, those of the SDK, too.
      stripe.fault = (route) =>
        route.startsWith('POST') && !route.endsWith('customers') ? fault : undefined;
      const first = await post(path, body, key);
      expect([first.status, first.body.code]).toEqual([503, 'outcome-unknown']);
      expect(first.headers.get('retry-after')).toBe('5');
      stripe.fault = () => undefined;
      const again = await post(path, body, key);
      expect(again.status).toBe(201);
      await settle();
      expect([ourCustomers().length, madeOf(object).length]).toEqual([1, 1]);
    },
  );

  it.each([
    ['a try is lost and the next is turned away', ['lost', 429]],
    ['a failure is kept for the key, and the next question is turned away', [500, 500, 429]],
  ] as const)('is not said to be not carried out where %s', async (_, faults) => {
    const left: Fault[] = [...faults];
    let isOrdered = false;
    stripe.fault = (route) => {
      isOrdered ||= route.startsWith('POST') && !route.endsWith('customers');
      return isOrdered ? left.shift() : undefined;
    };
    const key = randomUUID();
    expect((await post(path, body, key)).body.code).toBe('outcome-unknown');
    expect(left).toEqual([]);
    await settle();
    expect((await post(path, body, key)).status).toBe(201);
    expect([ourCustomers().length, madeOf(object).length]).toEqual([1, 1]);
  });

  it('is carried out by the worker where nobody asks again, a day later, too', async () => {
    stripe.fault = (route) => (route.startsWith('POST') && !route.endsWith('customers') ? 'lost' : undefined);
    await post(path, body, randomUUID());
    stripe.fault = () => undefined;
    stripe.forgetKeys();
    app.clock.ahead += 25 * 3_600_000;
    await settle();
    expect([ourCustomers().length, madeOf(object).length]).toEqual([1, 1]);
    expect((await events()).at(-1)).toMatchObject({
      type: 'intent-completed',
      metadata: { actor: { type: 'user' } },
    });
  });

  it('is found among hundreds of others', async () => {
    stripe.fault = (route) => (route.startsWith('POST') && !route.endsWith('customers') ? 'lost' : undefined);
    await post(path, body, randomUUID());
    const [made] = madeOf(object);
    for (let nth = 0; nth < 250; nth += 1)
      stripe.made.push({ ...made, id: `other_${randomUUID().slice(0, 8)}`, object, metadata: {} });
    stripe.fault = () => undefined;
    stripe.forgetKeys();
    app.clock.ahead += 25 * 3_600_000;
    await settle();
    expect(madeOf(object)).toHaveLength(251);
    expect((await events()).at(-1)?.type).toBe('intent-completed');
  });

  it.each([429, 401])(
    'says that nothing was executed where Stripe answers %i, and executes nothing later',
    async (status) => {
      const key = randomUUID();
      stripe.fault = (route) => (route.startsWith('POST') ? status : undefined);
      const refused = await post(path, body, key);
      expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
      stripe.fault = () => undefined;
      await settle();
      expect(ourCustomers().length + madeOf(object).length).toBe(0);
      expect((await post(path, body, key)).status).toBe(201);
      expect([ourCustomers().length, madeOf(object).length]).toEqual([1, 1]);
    },
  );

  it('survives a stop between any two steps', async () => {
    let points = 0;
    for (;;) {
      organizationId = randomUUID();
      const key = randomUUID();
      const stopped = await stoppedAt(app, points, () => post(path, body, key));
      expect([200, 201, 500, 503]).toContain(stopped.answer.status);
      const again = await post(path, body, key);
      expect(again.status).toBe(201);
      await settle();
      expect([ourCustomers().length, madeOf(object).length]).toEqual([1, 1]);
      expect((await events()).filter(({ type }) => type === 'intent-completed')).toHaveLength(1);
      if (!stopped.reached) break;
      points += 1;
    }
    expect(points).toBeGreaterThanOrEqual(12);
  });

  it('keeps no transaction open while Stripe is asked', async () => {
    // Only a superuser sees what others' connections do.
    const admin = new pg.Client(new URL('/billing', app.postgres.adminUrl).href);
    await admin.connect();
    const states: string[] = [];
    stripe.during = async (route) => {
      if (!route.startsWith('POST')) return;
      const { rows } = await admin.query<{ state: string }>(
        `select state from pg_stat_activity where usename = 'billing_request' and xact_start is not null`,
      );
      states.push(route, ...rows.map(({ state }) => state));
    };
    const { status } = await post(path, body, randomUUID());
    await admin.end();
    expect(status).toBe(201);
    expect(states.filter((one) => !one.startsWith('POST'))).toEqual([]);
    expect(states).toHaveLength(2);
  });
});

describe('a Checkout session', () => {
  it('that was completed before we heard that it was made is an order that was carried out', async () => {
    const [key, body] = [randomUUID(), { mode: 'setup', ...back }];
    stripe.fault = (route) => (route.startsWith('POST') && !route.endsWith('customers') ? 'lost' : undefined);
    await post('checkout-sessions', body, key);
    Object.assign(madeOf('checkout.session')[0] ?? {}, { status: 'complete', url: null });
    stripe.fault = () => undefined;
    stripe.forgetKeys();
    app.clock.ahead += 25 * 3_600_000;
    await settle();
    expect((await events()).at(-1)?.type).toBe('intent-completed');
    const again = await post('checkout-sessions', body, key);
    expect([again.status, again.body.reason]).toEqual([410, 'expired']);
    expect(madeOf('checkout.session')).toHaveLength(1);
  });

  it.each(['successUrl', 'cancelUrl'])(
    'whose %s is another site’s is refused, and says which',
    async (name) => {
      const body = { mode: 'setup', ...back, [name]: 'https://evil.example.com/' };
      const { status, body: said } = await post('checkout-sessions', body, randomUUID());
      expect([status, said.errors]).toMatchObject([422, [{ pointer: `/${name}` }]]);
    },
  );
});

describe('an order', () => {
  it('of two first requests at once makes one customer', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => post('setup-intents', undefined, randomUUID())));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect([ourCustomers().length, madeOf('setup_intent').length]).toEqual([1, 4]);
  });

  it('is carried out once where our record of it was lost', async () => {
    const [path, body] = commands[0] ?? ['', {}];
    const key = randomUUID();
    const first = await post(path, body, key);
    await forget();
    expect((await post(path, body, key)).body).toEqual(first.body);
    expect([ourCustomers().length, madeOf('subscription').length]).toEqual([1, 1]);
  });

  it('that charges a card at once is refused without a key: sent twice, it would be two', async () => {
    const body = { priceId: 'price_team', paymentMethodId: 'pm_good' };
    const answer = await app.ask('POST', '/v1/billing/subscriptions', { organizationId, body });
    expect([answer.status, answer.body]).toMatchObject([
      400,
      {
        code: 'invalid-request',
        reason: 'idempotency-key-required',
        errors: [{ pointer: 'header.Idempotency-Key' }],
      },
    ]);
    expect(ourCustomers()).toEqual([]);
  });

  it('with the key of another one is refused', async () => {
    const key = randomUUID();
    await post('subscriptions', { priceId: 'price_team' }, key);
    const other = await post('subscriptions', { priceId: 'price_large' }, key);
    expect([other.status, other.body.code]).toEqual([409, 'idempotency-key-reused']);
  });

  it('is a value where the card is declined, and the same when it is repeated', async () => {
    const key = randomUUID();
    const body = { priceId: 'price_team', paymentMethodId: 'pm_declined' };
    for (const answer of [await post('subscriptions', body, key), await post('subscriptions', body, key)])
      expect([answer.status, answer.body.reason]).toEqual([422, 'card-declined']);
  });

  it('gives the client secret where the payment needs the person, and stores neither it nor links (P22)', async () => {
    const needs = await post(
      'subscriptions',
      { priceId: 'price_team', paymentMethodId: 'pm_needs_3ds' },
      randomUUID(),
    );
    expect(needs.body).toMatchObject({ status: 'incomplete', clientSecret: 'pi_marker_secret_1' });
    await post('setup-intents', undefined, randomUUID());
    await post('portal-sessions', { returnUrl: 'https://app.example.com/' }, randomUUID());
    const rows = await app.database.asWorker((sql) => sql.query('select payload::text from event'));
    expect(JSON.stringify(rows)).not.toMatch(/marker_secret|stripe\.test/);
    expect(app.printed()).not.toMatch(/marker_secret|stripe\.test|sk_test/);
  });

  it.each([
    [{ priceId: 'price_archived' }, 422],
    [{ priceId: 'price_live' }, 422],
    [{ priceId: 'price_unknown' }, 422],
    [{ priceId: 'price_of_somebody' }, 422],
    [{ priceId: 'price_team', quantity: 0 }, 400],
    [{ priceId: 'price_team', quantity: -1 }, 400],
    [{ priceId: 'price_team', quantity: 1.5 }, 400],
    [{ priceId: 'price_team', quantity: 1e9 }, 400],
    [{ priceId: 'price_team', amount: 1 }, 400],
  ])('of %j is answered %i', async (body, status) => {
    expect((await post('subscriptions', body, randomUUID())).status).toBe(status);
    expect(ourCustomers()).toHaveLength(0);
  });

  it.each([
    'https://evil.example.com/',
    'http://app.example.com/',
    'https://app.example.com@evil.example.com/',
  ])('does not send people to %s', async (successUrl) => {
    const answer = await post('checkout-sessions', { mode: 'setup', ...back, successUrl }, randomUUID());
    expect([answer.status, answer.body.reason]).toEqual([422, 'success-url-not-allowed']);
  });
});

describe('the customer', () => {
  it('has a name and an email address for invoices, sealed', async () => {
    const details = { name: 'Marker Ltd', email: 'marker@example.com' };
    expect((await app.ask('GET', '/v1/billing/customer', { organizationId })).body.customerId).toBeNull();
    const put = await app.ask('PUT', '/v1/billing/customer', { organizationId, body: details });
    expect([put.status, put.body]).toEqual([200, details]);
    const [atStripe] = ourCustomers();
    expect(atStripe).toMatchObject(details);
    const read = await app.ask('GET', '/v1/billing/customer', { organizationId });
    expect(read.body).toEqual({ customerId: atStripe?.id, ...details });
    const rows = await app.database.asWorker((sql) => sql.query('select payload::text from event'));
    expect(JSON.stringify(rows)).not.toMatch(/Marker Ltd|marker@/);
  });
});

describe('an order for a customer that was deleted at Stripe since', () => {
  const order = { priceId: 'price_team', paymentMethodId: 'pm_good' };
  const deleteCustomer = async () => {
    const [deleted] = ourCustomers();
    await app.database.asWorker((sql) =>
      sql.query(
        `insert into stripe_customer (organization_id, customer_id, is_deleted, observed_at) values ($1, $2, true, now())`,
        [organizationId, deleted?.id],
      ),
    );
  };

  it('is over where nobody knows what became of it: it is not placed again for the next customer', async () => {
    stripe.fault = (route) => (route === 'POST /v1/subscriptions' ? 'lost' : undefined);
    expect((await post('subscriptions', order, randomUUID())).body.code).toBe('outcome-unknown');
    stripe.fault = () => undefined;
    await deleteCustomer();
    await settle();
    expect([ourCustomers().length, madeOf('subscription').length]).toEqual([2, 1]);
    const refused = (await events()).filter(({ type }) => type === 'intent-refused');
    expect(refused).toHaveLength(1);
  });

  it('is answered no more where it was carried out', async () => {
    const key = randomUUID();
    expect((await post('subscriptions', order, key)).status).toBe(201);
    await deleteCustomer();
    expect((await post('subscriptions', order, key)).body.reason).toBe('expired');
    expect(madeOf('subscription')).toHaveLength(1);
  });
});

describe('the customer’s name', () => {
  const details = (name: string) => ({ name, email: 'marker@example.com' });
  const put = (name: string) =>
    app.ask('PUT', '/v1/billing/customer', { organizationId, body: details(name) });
  const fails = (fault: 'silent' | 429) => {
    stripe.fault = (route) => (/^POST .*customers\/cus/.test(route) ? fault : undefined);
  };

  it('that was given last counts, though the one before was lost', async () => {
    fails('silent');
    expect((await put('The first')).body.code).toBe('outcome-unknown');
    expect((await put('The second')).body.reason).toBe('earlier-order-open');
    stripe.fault = () => undefined;
    expect((await put('The second')).status).toBe(200);
    await settle();
    expect(ourCustomers()).toMatchObject([details('The second')]);
  });

  it('takes the place of one that Stripe turned away', async () => {
    fails(429);
    expect((await put('The first')).body.reason).toBe('unavailable');
    expect((await put('The second')).body.reason).toBe('unavailable');
    stripe.fault = () => undefined;
    expect((await put('The third')).status).toBe(200);
    await settle();
    expect(ourCustomers()).toMatchObject([details('The third')]);
    expect((await events()).filter(({ type }) => type === 'intent-refused')).toHaveLength(2);
  });
});

it('GET prices: what is sold, with its money', async () => {
  const { body } = await app.ask('GET', '/v1/billing/prices');
  expect(body.items).toMatchObject([
    { priceId: 'price_team', unitPrice: { amount: 1900, currency: 'EUR', decimals: 2 } },
    { priceId: 'price_large', unitPrice: { amount: 4900, currency: 'EUR', decimals: 2 } },
  ]);
});
