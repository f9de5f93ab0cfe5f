import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BUSINESS,
  clientOf,
  failure,
  object,
  standInForTests,
  TEAM,
  type TestedStandIn,
} from './for-tests.fixture.ts';
import { startStandIn } from './stand-in.ts';

let standIn: TestedStandIn;
beforeAll(async () => {
  standIn = await standInForTests();
});
beforeEach(() => standIn.control('POST', '/faults', { faults: [] }));
afterAll(() => standIn.stop());

it('is refused in production', async () => {
  await expect(startStandIn({ environment: 'production' })).rejects.toThrow('production');
});

it('says what it is on every answer', async () => {
  for (const route of ['/v1/balance', '/v1/nothing', '/_stand-in', '/_pages/checkout/cs_none', '/']) {
    const response = await fetch(standIn.url + route);
    expect(response.headers.get('x-vouchsafe-stand-in')).toBe('stripe');
    if (route.startsWith('/_pages')) expect(await response.text()).toContain('stand-in for Stripe');
  }
});

describe('an Idempotency-Key', () => {
  it('is answered the same for a day, and told that it is', async () => {
    const create = () => standIn.stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'one' });
    const first = await create();
    const again = await create();
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    standIn.advance(86_400);
    expect((await create()).id).not.toBe(first.id);
  });

  it('is refused with other parameters', async () => {
    await standIn.stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'two' });
    const other = failure(standIn.stripe.customers.create({ name: 'Bob' }, { idempotencyKey: 'two' }));
    expect(await other).toMatchObject({ statusCode: 400, rawType: 'idempotency_error' });
  });

  it('keeps declines and failures of the server, but not what was not begun', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_chargeCustomerFail');
    const options = { idempotencyKey: 'declined' };
    const subscribe = () =>
      failure(
        standIn.stripe.subscriptions.create(
          { customer, items: [{ price: TEAM }], payment_behavior: 'error_if_incomplete' },
          options,
        ),
      );
    expect(await subscribe()).toMatchObject({ code: 'card_declined', decline_code: 'generic_decline' });
    expect((await subscribe()).headers?.['idempotent-replayed']).toBe('true');

    await standIn.control('POST', '/faults', { faults: [{ kind: 500, times: 1 }] });
    const create = (email: string) =>
      standIn.stripe.customers.create({ email }, { idempotencyKey: `for ${email}` });
    expect(await failure(create('a@example.com'))).toMatchObject({ statusCode: 500 });
    expect((await failure(create('a@example.com'))).headers?.['idempotent-replayed']).toBe('true');

    expect(await failure(create('nobody'))).toMatchObject({ statusCode: 400, param: 'email' });
    expect((await failure(create('nobody'))).headers?.['idempotent-replayed']).toBeUndefined();
  });

  it('is busy while its first request is carried out', async () => {
    await standIn.control('POST', '/faults', { faults: [{ kind: 'slow', milliseconds: 300, times: 1 }] });
    const create = () => standIn.stripe.customers.create({}, { idempotencyKey: 'busy' });
    const first = create();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await failure(create())).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    const { id } = await first;
    expect((await create()).id).toBe(id);
  });
});

it('lists the newest first, page by page, in both directions', async () => {
  const { id } = await standIn.stripe.products.create({ name: 'Pages' });
  const prices: string[] = [];
  for (let amount = 1; amount <= 5; amount += 1)
    prices.unshift(
      (
        await standIn.stripe.prices.create({
          ...{ product: id, currency: 'eur', unit_amount: amount, recurring: { interval: 'month' } },
        })
      ).id,
    );
  const list = async (page: object) => {
    const { data, has_more: more } = await standIn.stripe.prices.list({ product: id, limit: 2, ...page });
    return [data.map((one) => prices.indexOf(one.id)), more];
  };
  expect(await list({})).toEqual([[0, 1], true]);
  expect(await list({ starting_after: prices[1] })).toEqual([[2, 3], true]);
  expect(await list({ starting_after: prices[3] })).toEqual([[4], false]);
  expect(await list({ ending_before: prices[3] })).toEqual([[1, 2], true]);
  expect(await list({ ending_before: prices[1] })).toEqual([[0], false]);
  const all: string[] = [];
  for await (const price of standIn.stripe.prices.list({ product: id, limit: 2 })) all.push(price.id);
  expect(all).toEqual(prices);
});

describe('errors are as Stripe has them', () => {
  it.each([
    ['an unknown object', () => standIn.stripe.customers.retrieve('cus_none'), 404, 'resource_missing'],
    [
      'an unknown parameter',
      () => standIn.stripe.customers.create({ nme: 'x' } as object),
      400,
      'parameter_unknown',
    ],
    [
      'a missing parameter',
      () => standIn.stripe.subscriptions.list({ limit: 'x' } as object),
      400,
      'parameter_invalid_integer',
    ],
    ['an unknown price', () => standIn.stripe.prices.retrieve('price_none'), 404, 'resource_missing'],
    [
      'a card number',
      () => standIn.stripe.paymentMethods.create({ type: 'card', card: { number: '4242424242424242' } }),
      402,
      undefined,
    ],
  ])('%s', async (_, request, statusCode, code) => {
    const error = await failure(request());
    expect(error).toMatchObject({ statusCode, code });
    expect(error.requestId).toMatch(/^req_/);
  });

  it('a wrong key is refused, and what it is shows in part alone', async () => {
    const error = await failure(clientOf(standIn, 'sk_test_somebody_elses_key').customers.list());
    expect(error.statusCode).toBe(401);
    expect(error.message).not.toContain('somebody');
  });

  it('a restricted key reads what it may, and nothing else', async () => {
    const { key } = await standIn.control<{ key: string }>('POST', '/restricted-keys', {
      permissions: ['balance:read'],
    });
    expect(key).toMatch(/^rk_test_/);
    const restricted = clientOf(standIn, key);
    expect(await restricted.balance.retrieve()).toMatchObject({ object: 'balance', livemode: false });
    expect(await failure(restricted.payouts.list())).toMatchObject({ statusCode: 403 });
    expect(await failure(restricted.customers.create())).toMatchObject({ statusCode: 403 });
    await standIn.control('DELETE', `/restricted-keys/${key}`);
    expect(await failure(restricted.balance.retrieve())).toMatchObject({ statusCode: 401 });
  });
});

it('has a catalogue: three numbers of decimals, a month and a year, and a price that is sold no more', async () => {
  const { data } = await standIn.stripe.prices.list({ limit: 100, product: 'prod_team' });
  expect(new Set(data.map(({ currency }) => currency))).toEqual(new Set(['eur', 'usd', 'jpy', 'kwd']));
  expect(new Set(data.map(({ recurring }) => recurring?.interval))).toEqual(new Set(['month', 'year']));
  const archived = data.find(({ active }) => !active);
  const { id: customer } = await standIn.customerWith('pm_card_visa');
  const subscribed = failure(
    standIn.stripe.subscriptions.create({ customer, items: [{ price: archived?.id ?? '' }] }),
  );
  expect(await subscribed).toMatchObject({ statusCode: 400, param: 'items[0][price]' });
});

it('expands what is asked for', async () => {
  const { id: customer } = await standIn.customerWith('pm_card_visa');
  const subscription = await standIn.stripe.subscriptions.create({
    ...{ customer, items: [{ price: TEAM, quantity: 2 }] },
    expand: [
      'customer',
      'latest_invoice.payments.data.payment.payment_intent',
      'latest_invoice.confirmation_secret',
    ],
  });
  expect(object(subscription.customer)).toMatchObject({ id: customer });
  const invoice = object(subscription.latest_invoice);
  const intent = object(invoice.payments?.data[0]?.payment.payment_intent);
  expect(intent).toMatchObject({ status: 'succeeded', amount: 3800 });
  expect(invoice.confirmation_secret?.client_secret).toBe(intent.client_secret);
  const plain = await standIn.stripe.invoices.retrieve(invoice.id);
  expect(plain.payments).toBeUndefined();
  expect(plain.parent?.subscription_details?.subscription).toBe(subscription.id);
  expect(plain.customer).toBe(customer);
});

it('a deleted customer is left as such; its subscriptions end and its cards are nobody’s', async () => {
  const { id: customer } = await standIn.customerWith('pm_card_visa');
  const { id } = await standIn.stripe.subscriptions.create({ customer, items: [{ price: BUSINESS }] });
  const [card] = (await standIn.stripe.customers.listPaymentMethods(customer)).data;
  await standIn.control('POST', '/deletions', { id: customer });
  expect(await standIn.stripe.customers.retrieve(customer)).toMatchObject({ id: customer, deleted: true });
  expect(await standIn.stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled', customer });
  expect(await standIn.stripe.paymentMethods.retrieve(card?.id ?? '')).toMatchObject({ customer: null });
  expect(await failure(standIn.stripe.customers.update(customer, {}))).toMatchObject({ statusCode: 404 });
});

it('continues after a restart, also where the last line was cut off, with its file kept short', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-stand-in-'));
  const file = path.join(folder, 'stripe-stand-in.jsonl');
  const before = await standInForTests({ folder });
  const { id: customer } = await before.customerWith('pm_card_visa');
  const { id } = await before.stripe.subscriptions.create({ customer, items: [{ price: TEAM }] });
  const create = { name: 'Once' };
  const once = await before.stripe.customers.create(create, { idempotencyKey: 'once' });
  for (let day = 0; day < 250; day += 1) {
    before.advance(86_400);
    await before.stripe.customers.update(once.id, { name: `Name ${day}` });
  }
  const now = before.world.now();
  await before.stop();
  const text = await readFile(file, 'utf8');
  expect(text.split('\n').length).toBeLessThan(1_000);
  await appendFile(file, '{"put":{"id":"cus_cut');

  const after = await standInForTests({ folder });
  expect(after.world.now()).toBe(now);
  expect(await after.stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active', customer });
  expect(await after.stripe.customers.retrieve(once.id)).toMatchObject({ name: 'Name 249' });
  expect((await after.stripe.invoices.list({ customer })).data).toHaveLength(9);
  after.advance(60 * 86_400);
  expect((await after.stripe.invoices.list({ customer, limit: 100 })).data).toHaveLength(11);
  await after.stop();
  await rm(folder, { recursive: true });
}, 60_000);

describe('what goes wrong on request', () => {
  const names = async () => (await standIn.stripe.customers.list({ limit: 1 })).data[0]?.name;

  it('429 says when to come again, and nothing is done', async () => {
    await standIn.control('POST', '/faults', { faults: [{ kind: 429, times: 1, retryAfter: 7 }] });
    const error = await failure(standIn.stripe.customers.create({ name: 'Limited' }));
    expect(error).toMatchObject({ statusCode: 429, headers: { 'retry-after': '7' } });
    expect(await names()).not.toBe('Limited');
  });

  it('away: the connection ends before anything is done', async () => {
    await standIn.control('POST', '/faults', {
      faults: [{ kind: 'away', path: '/v1/customers', writes: true }],
    });
    expect(await failure(standIn.stripe.customers.create({ name: 'Away' }))).toMatchObject({
      type: 'StripeConnectionError',
    });
    expect(await names()).not.toBe('Away');
    await standIn.control('POST', '/faults', { faults: [] });
  });

  // A connection that was closed without an answer is tried again by the SDK itself, once.
  it.each([
    ['lost', 2],
    ['half', 1],
  ])('%s: it is done, and repeated for its key', async (kind, times) => {
    await standIn.control('POST', '/faults', { faults: [{ kind, times }] });
    const create = () => standIn.stripe.customers.create({ name: kind }, { idempotencyKey: `key ${kind}` });
    expect(await failure(create())).toMatchObject({ type: 'StripeConnectionError' });
    expect(await names()).toBe(kind);
    expect((await create()).lastResponse.headers['idempotent-replayed']).toBe('true');
    const seen = await standIn.control<{ idempotencyKey: string | null }[]>('GET', '/requests');
    expect(seen.filter(({ idempotencyKey: key }) => key === `key ${kind}`)).toHaveLength(times + 1);
  });
});

it('the controls can be off, or demand a secret, and never answer a page of another origin', async () => {
  const ask = async (url: string, headers: Record<string, string> = {}) =>
    (await fetch(`${url}/_stand-in`, { headers })).status;
  expect(await ask(standIn.url)).toBe(200);
  expect(await ask(standIn.url, { origin: 'https://evil.example' })).toBe(403);
  const off = await startStandIn({ control: 'off' });
  expect(await ask(off.url)).toBe(403);
  await off.stop();
  const secret = await startStandIn({ control: { secret: 'open sesame' } });
  expect(await ask(secret.url)).toBe(403);
  expect(await ask(secret.url, { 'x-stand-in-secret': 'open sesame' })).toBe(200);
  await secret.stop();
});
