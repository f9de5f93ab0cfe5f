import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IntentWorker } from '../intent/intent-worker.js';
import { ada, type BillingApp, billingApp } from '../testing/billing-app.js';
import { type Made, type SmallStripe, smallStripe } from '../testing/small-stripe.js';
import { stoppedAt } from '../testing/stopped-at.js';

let stripe: SmallStripe;
let app: BillingApp;
let organizationId: string;
/** The organization's subscription to 3 of `price_team`. */
let subscription: Made;
let path: string;

beforeAll(async () => {
  stripe = await smallStripe();
  app = await billingApp({
    STRIPE_SECRET_KEY: 'sk_test_small',
    VOUCHSAFE_STRIPE_API: stripe.url,
    VOUCHSAFE_BILLING_PRICES: 'price_team,price_large',
  });
});
afterAll(async () => {
  await app.stop();
  await stripe.stop();
});
beforeEach(async () => {
  stripe.fault = () => undefined;
  await subscribe();
});

async function subscribe(): Promise<void> {
  organizationId = randomUUID();
  const made = await ask('POST', '/v1/billing/subscriptions', { priceId: 'price_team', quantity: 3 });
  expect(made.status).toBe(201);
  const found = stripe.made.find(({ id }) => id === made.body.subscriptionId);
  if (!found) throw new Error('The subscription was not made');
  subscription = found;
  path = `/v1/billing/subscriptions/${found.id}`;
}

const ask = (method: string, url: string, body?: object, whose = organizationId) =>
  app.ask(method, url, {
    organizationId: whose,
    ...(body && { body }),
    headers: { 'idempotency-key': randomUUID() },
  });

async function preview(quantity = 5, priceId = 'price_large'): Promise<{ token: string }> {
  const answer = await ask('POST', `${path}/preview`, { priceId, quantity });
  expect(answer.status).toBe(200);
  return answer.body as { token: string };
}

const change = (token: string) => ask('PATCH', path, { token });
const item = () =>
  (subscription.items as { data: { price: { id: string }; quantity: number }[] }).data.map(
    ({ price, quantity }) => [price.id, quantity],
  )[0];
const changes = () =>
  stripe.changes.filter((route) => route === `POST /v1/subscriptions/${subscription.id}`).length;

async function settle(): Promise<void> {
  app.clock.ahead += 3_600_000;
  while ((await app.get(IntentWorker).step()) > 0);
}

describe('a change of a subscription', () => {
  it('shows what it costs, in integers and with the currency, and changes nothing', async () => {
    expect(await preview()).toMatchObject({
      dueNow: { amount: 2500, currency: 'EUR', decimals: 2 },
      creditUsed: { amount: 0 },
      creditLeft: { amount: 0 },
      lines: [{ amount: { amount: 2500 } }],
    });
    expect(item()).toEqual(['price_team', 3]);
  });

  it('keeps the price or the quantity that it does not name', async () => {
    const changed = async (wanted: object) => {
      const { body } = await ask('POST', `${path}/preview`, wanted);
      expect((await change(body.token as string)).status).toBe(200);
      return item();
    };
    expect(await changed({ quantity: 4 })).toEqual(['price_team', 4]);
    expect(await changed({ priceId: 'price_large' })).toEqual(['price_large', 4]);
  });

  it('is of the quantity also where its price is not sold any more', async () => {
    Object.assign((subscription.items as { data: { price: { id: string } }[] }).data[0]?.price ?? {}, {
      id: 'price_archived',
    });
    expect(item()).toEqual(['price_archived', 3]);
    await preview(4, 'price_archived');
    const other = await ask('POST', `${path}/preview`, { priceId: 'price_unheard_of' });
    expect([other.status, other.body.reason]).toEqual([422, 'price-not-sold']);
  });

  it('is refused where the credit that was to pay for it has changed since', async () => {
    const { token } = await preview();
    Object.assign(stripe.made.find(({ id }) => id === subscription.customer) ?? {}, { balance: -500 });
    const late = await change(token);
    expect([late.status, late.body.reason]).toEqual([412, 'changed-since']);
    expect(item()).toEqual(['price_team', 3]);
  });

  it('is the one that was shown, at the moment that was shown', async () => {
    const { token } = await preview();
    const changed = await change(token);
    expect([changed.status, changed.body.status]).toEqual([200, 'active']);
    expect(item()).toEqual(['price_large', 5]);
    const [shown] = stripe.forms.filter((form) => form.subscription_details !== undefined).slice(-1);
    const [done] = stripe.forms.filter((form) => form.proration_date !== undefined).slice(-1);
    expect(done?.proration_date).toBe(
      (shown?.subscription_details as { proration_date: string }).proration_date,
    );
  });

  it('is made once, however often its token is sent', async () => {
    const { token } = await preview();
    const answers = await Promise.all([change(token), change(token), change(token)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([changes(), (await change(token)).status]).toEqual([1, 200]);
    expect(changes()).toBe(1);
  });

  it('is refused where the subscription has changed since', async () => {
    const [first, second] = [await preview(5), await preview(7)];
    expect((await change(first.token)).status).toBe(200);
    const late = await change(second.token);
    expect([late.status, late.body.reason]).toEqual([412, 'changed-since']);
    expect(item()).toEqual(['price_large', 5]);
  });

  it('is refused with a forged token, an expired one, and one of another subscription', async () => {
    const { token } = await preview();
    const forged = `${token.slice(0, 10)}${token[10] === 'A' ? 'B' : 'A'}${token.slice(11)}`;
    expect((await change(forged)).body.reason).toBe('not-our-token');
    const [former, whose] = [path, organizationId];
    await subscribe();
    expect((await change(token)).body.reason).toBe('not-found');
    app.clock.ahead += 31 * 60_000;
    const expired = await ask('PATCH', former, { token }, whose);
    expect([expired.status, expired.body.reason]).toEqual([410, 'token-expired']);
  });

  it('is nothing where the payment is declined', async () => {
    const { token } = await preview();
    stripe.fault = (route) => (route === `POST /v1/subscriptions/${subscription.id}` ? 402 : undefined);
    const declined = await change(token);
    expect([declined.status, declined.body.reason]).toEqual([422, 'card-declined']);
    expect(item()).toEqual(['price_team', 3]);
  });

  it.each([
    [{ priceId: 'price_team', quantity: 3 }, 422, 'no-change'],
    [{ priceId: 'price_archived', quantity: 3 }, 422, 'price-not-sold'],
    [{ priceId: 'price_team', quantity: -3 }, 400, undefined],
    [{ priceId: 'price_team', quantity: 0.5 }, 400, undefined],
    [{}, 400, undefined],
  ])('to %j is answered %i', async (wanted, status, reason) => {
    const answer = await ask('POST', `${path}/preview`, wanted);
    expect([answer.status, answer.body.reason]).toEqual([status, reason]);
  });
});

describe('a cancellation', () => {
  it('at the end of the period can be taken back, one at once cannot', async () => {
    expect((await ask('POST', `${path}/cancellation`, {})).body.cancelAtPeriodEnd).toBe(true);
    expect((await ask('DELETE', `${path}/cancellation`)).body.cancelAtPeriodEnd).toBe(false);
    expect((await ask('POST', `${path}/cancellation`, { at: 'now' })).body.status).toBe('canceled');
    const late = await ask('DELETE', `${path}/cancellation`);
    expect([late.status, late.body.reason]).toEqual([409, 'subscription-ended']);
    const end = await ask('POST', `${path}/cancellation`, {});
    expect([end.status, end.body.reason]).toEqual([409, 'subscription-ended']);
    expect((await ask('POST', `${path}/cancellation`, { at: 'now' })).status).toBe(200);
  });
});

describe('an order whose outcome nobody knows', () => {
  const lose = () => {
    stripe.fault = (route) =>
      /^(POST|DELETE) /.test(route) && !route.includes('preview') ? 'lost' : undefined;
  };
  /** Of the organization's log, since the subscription was made. */
  const facts = async () => {
    const rows = await app.database.asWorker((sql) =>
      sql.query<{ operation: string }>(
        `select payload->>'operation' as operation from event
         where organization_id = $1 and type = 'intent-completed' order by position offset 1`,
        [organizationId],
      ),
    );
    return rows.map(({ operation }) => operation);
  };
  const cancel = (at: string) => ask('POST', `${path}/cancellation`, { at });
  const resume = () => ask('DELETE', `${path}/cancellation`);

  it('is carried out before a later one on the same subscription, and not after it', async () => {
    const { token } = await preview();
    // Neither reaches Stripe nor is answered.
    stripe.fault = (route) => (route.startsWith('DELETE') ? 'silent' : undefined);
    expect((await cancel('now')).body.code).toBe('outcome-unknown');
    for (const later of [() => resume(), () => change(token)]) {
      const { status, headers, body } = await later();
      expect([status, body.code, body.reason]).toEqual([503, 'unavailable', 'earlier-order-open']);
      expect(headers.get('retry-after')).toBe('5');
    }
    expect([changes(), subscription.status]).toEqual([0, 'active']);
    stripe.fault = () => undefined;
    const late = await resume();
    expect([late.status, late.body.reason]).toEqual([409, 'subscription-ended']);
    await settle();
    expect([subscription.status, item()]).toEqual(['canceled', ['price_team', 3]]);
  });

  it('gives way where it is certain that nothing was carried out', async () => {
    const { token } = await preview();
    const key = { headers: { 'idempotency-key': randomUUID() }, body: { at: 'now' } };
    const cancelNow = () => app.ask('POST', `${path}/cancellation`, { organizationId, ...key });
    stripe.fault = (route) => (route.startsWith('DELETE') ? 429 : undefined);
    expect((await cancelNow()).body.reason).toBe('unavailable');
    stripe.fault = () => undefined;
    expect((await change(token)).status).toBe(200);
    await settle();
    const again = await cancelNow();
    expect([again.status, again.body.reason]).toEqual([410, 'expired']);
    expect([subscription.status, item()]).toEqual(['active', ['price_large', 5]]);
  });

  it('is not said to be nothing where another request has tried it, too', async () => {
    const { token } = await preview();
    const { during } = stripe;
    let other: Promise<{ body: Readonly<Record<string, unknown>> }> | undefined;
    // While the first waits for Stripe, which is going to turn it away, another one comes that carries it out and does not hear so.
    stripe.during = async (route) => {
      if (other || route !== `POST /v1/subscriptions/${subscription.id}`) return;
      lose();
      other = cancel('now');
      await other;
      stripe.fault = (again) => (again.startsWith('POST') ? 429 : undefined);
    };
    const first = await change(token);
    stripe.during = during;
    stripe.fault = () => undefined;
    expect([first.body.code, (await other)?.body.reason]).toEqual(['outcome-unknown', 'earlier-order-open']);
    expect(item()).toEqual(['price_large', 5]);
    expect([(await change(token)).status, changes(), await facts()]).toEqual([
      200,
      1,
      ['subscription.change'],
    ]);
  });

  it('is in the log although another one has followed it, and is answered the same', async () => {
    const { token } = await preview();
    lose();
    expect((await change(token)).body.code).toBe('outcome-unknown');
    stripe.fault = () => undefined;
    expect((await cancel('period-end')).status).toBe(200);
    expect((await change(token)).status).toBe(200);
    expect([changes(), item()]).toEqual([2, ['price_large', 5]]);
    expect(await facts()).toEqual(['subscription.change', 'subscription.cancel']);
  });

  it('is one at a time, however many come at once', async () => {
    const answers = await Promise.all([cancel('period-end'), resume(), cancel('period-end')]);
    for (const { status, body } of answers)
      if (status !== 200) expect([status, body.reason]).toEqual([503, 'earlier-order-open']);
    const { count } = (
      await app.database.asWorker((sql) =>
        sql.query<{ count: number }>('select count(*)::int as count from intent where organization_id = $1', [
          organizationId,
        ]),
      )
    )[0] ?? { count: -1 };
    expect(count).toBe(0);
  });
});

describe('a change that Stripe turned away', () => {
  const turnedAway = async () => {
    const { token } = await preview();
    stripe.fault = (route) => (route === `POST /v1/subscriptions/${subscription.id}` ? 429 : undefined);
    expect((await change(token)).body.reason).toBe('unavailable');
    stripe.fault = () => undefined;
    return token;
  };

  it('is made when its token is sent again', async () => {
    expect((await change(await turnedAway())).status).toBe(200);
    expect(item()).toEqual(['price_large', 5]);
  });

  it('is refused when its preview has expired meanwhile', async () => {
    const token = await turnedAway();
    app.clock.ahead += 31 * 60_000;
    const late = await change(token);
    expect([late.status, late.body.reason]).toEqual([410, 'token-expired']);
    expect([changes(), item()]).toEqual([0, ['price_team', 3]]);
  });
});

it('a token that two people send is one change, and the log names the first', async () => {
  const { token } = await preview();
  const [bea, body] = [randomUUID(), { token }];
  const answers = [
    await app.ask('PATCH', path, { organizationId, body }),
    await app.ask('PATCH', path, { organizationId, body, userId: bea }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers[1]?.body).toEqual(answers[0]?.body);
  expect(changes()).toBe(1);
  const opened = await app.database.asWorker((sql) =>
    sql.query<{ id: string }>(
      `select payload->>'userId' as id from event
       where organization_id = $1 and type = 'intent-opened' and payload->>'operation' = 'subscription.change'`,
      [organizationId],
    ),
  );
  expect(opened).toEqual([{ id: ada }]);
});

it('cancelling at once asks for a recent proof of identity, and at the period’s end does not', async () => {
  const cancel = (at: string) =>
    app.ask('POST', `${path}/cancellation`, {
      organizationId,
      body: { at },
      authenticatedAt: new Date(Date.now() + app.clock.ahead - 11 * 60_000).toISOString(),
    });
  const now = await cancel('now');
  expect([now.status, now.body.code, subscription.status]).toEqual([403, 'step-up-required', 'active']);
  expect((await cancel('period-end')).status).toBe(200);
});

describe('a subscription whose first payment was not made', () => {
  beforeEach(() => void Object.assign(subscription, { status: 'incomplete' }));

  it.each([
    ['a preview', () => ask('POST', `${path}/preview`, { quantity: 4 })],
    ['a cancellation at the end', () => ask('POST', `${path}/cancellation`, { at: 'period-end' })],
    ['a resumption', () => ask('DELETE', `${path}/cancellation`)],
  ])('refuses %s, and says why', async (_, request) => {
    const { status, body } = await request();
    expect([status, body.reason]).toEqual([409, 'subscription-incomplete']);
    expect(body.detail).toContain('first payment');
  });

  it('is cancelled at once', async () => {
    expect((await ask('POST', `${path}/cancellation`, { at: 'now' })).status).toBe(200);
  });
});

describe('a saved card', () => {
  const save = (customer: unknown): Made => {
    const card = { id: `pm_${randomUUID().slice(0, 8)}`, object: 'payment_method', customer };
    stripe.made.push(card);
    return card;
  };

  it('is made the default one for every subscription also where Stripe is away between the steps', async () => {
    const card = save(subscription.customer);
    subscription.default_payment_method = 'pm_first';
    stripe.fault = (route) => (route === `POST /v1/subscriptions/${subscription.id}` ? 429 : undefined);
    const half = await ask('PUT', `/v1/billing/payment-methods/${card.id}/default`);
    expect([half.status, half.body.code]).toEqual([503, 'outcome-unknown']);
    expect(subscription.default_payment_method).toBe('pm_first');
    stripe.fault = () => undefined;
    await settle();
    expect(subscription.default_payment_method).toBe('');
  });

  it.each([
    ['where Stripe refuses to change a subscription, which keeps its card', 'active'],
    ['where the subscription has ended since', 'canceled'],
  ])('is made the default one also %s', async (_, status) => {
    const card = save(subscription.customer);
    subscription.default_payment_method = 'pm_first';
    stripe.fault = (route) => (route === `POST /v1/subscriptions/${subscription.id}` ? 400 : undefined);
    subscription.status = status;
    const made = await ask('PUT', `/v1/billing/payment-methods/${card.id}/default`);
    expect([made.status, subscription.default_payment_method]).toEqual([204, 'pm_first']);
    const customer = stripe.made.find(({ id }) => id === subscription.customer);
    expect(customer?.invoice_settings).toEqual({ default_payment_method: card.id });
    stripe.fault = () => undefined;
  });

  it('is made the default one, and removed once', async () => {
    const card = save(subscription.customer);
    subscription.default_payment_method = 'pm_first';
    expect((await ask('PUT', `/v1/billing/payment-methods/${card.id}/default`)).status).toBe(204);
    const customer = stripe.made.find(({ id }) => id === subscription.customer);
    expect(customer?.invoice_settings).toEqual({ default_payment_method: card.id });
    // Of the subscription that names another one, too.
    expect(subscription.default_payment_method).toBe('');
    expect((await ask('DELETE', `/v1/billing/payment-methods/${card.id}`)).status).toBe(204);
    expect(card.customer).toBeNull();
  });

  it('of another customer is not found', async () => {
    const card = save('cus_other');
    expect((await ask('PUT', `/v1/billing/payment-methods/${card.id}/default`)).status).toBe(404);
    expect((await ask('DELETE', `/v1/billing/payment-methods/${card.id}`)).status).toBe(404);
    expect(card.customer).toBe('cus_other');
  });
});

describe.each([
  ['a change', async () => ['PATCH', path, await preview()] as const],
  ['a cancellation at the end', () => ['POST', `${path}/cancellation`, {}] as const],
  ['a cancellation at once', () => ['POST', `${path}/cancellation`, { at: 'now' }] as const],
  ['a resumption', () => ['DELETE', `${path}/cancellation`, undefined] as const],
] as const)('%s', (_, make) => {
  const request = async () => {
    const [method, url, body] = await make();
    return [method, url, body && 'token' in body ? { token: body.token } : body] as const;
  };

  it('of somebody else’s subscription, or of none, is not found', async () => {
    const [method, url, body] = await request();
    const [before, owner] = [JSON.stringify(subscription), organizationId];
    await subscribe();
    expect((await ask(method, url, body)).status).toBe(404);
    expect((await ask(method, url, body, randomUUID())).status).toBe(404);
    // A token is one subscription's.
    const status = method === 'PATCH' ? 400 : 404;
    expect((await ask(method, url.replace(/sub_\w+/, 'sub_none'), body, owner)).status).toBe(status);
    expect(JSON.stringify(stripe.made.find(({ id }) => url.includes(id)))).toBe(before);
  });

  it('survives a stop between any two steps', async () => {
    for (let point = 0; ; point += 1) {
      await subscribe();
      const [method, url, body] = await request();
      const stopped = await stoppedAt(app, point, () => ask(method, url, body));
      const again = await ask(method, url, body);
      await settle();
      expect(again.status).toBe(200);
      if (method === 'PATCH') expect(changes()).toBe(1);
      const rows = await app.database.asWorker((sql) =>
        sql.query(`select 1 from event where organization_id = $1 and type = 'intent-refused'`, [
          organizationId,
        ]),
      );
      expect(rows).toEqual([]);
      if (!stopped.reached) {
        expect(point).toBeGreaterThanOrEqual(6);
        break;
      }
    }
  });

  it('is carried out where the answer is lost', async () => {
    const [method, url, body] = await request();
    stripe.fault = (route) => (route.startsWith('GET') || route.includes('preview') ? undefined : 'lost');
    expect((await ask(method, url, body)).body.code).toBe('outcome-unknown');
    stripe.fault = () => undefined;
    await settle();
    const completed = await app.database.asWorker((sql) =>
      sql.query(`select 1 from event where organization_id = $1 and type = 'intent-completed'`, [
        organizationId,
      ]),
    );
    // The subscription, and this.
    expect(completed).toHaveLength(2);
  });
});
