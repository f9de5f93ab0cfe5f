/** @promise P19 shows nobody another organization's subscriptions, invoices and payment methods */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ours, theirs } from '../testing/billing-app.js';
import { type History, historyOf } from '../testing/history.js';
import { type ObservedApp, observedApp } from '../testing/observed-app.js';
import { whatStripeSays } from '../testing/what-matters.js';

let billing: ObservedApp;
const history: Required<History> = { ...historyOf(93), organizationId: ours };
const said = whatStripeSays(history).objects;
const idsOf = (prefix: string) => Object.keys(said).filter((id) => id.startsWith(prefix));

beforeAll(async () => {
  billing = await observedApp();
  billing.stripe.add(history);
  await billing.know(history, ours);
  await billing.know({ customerId: 'cus_theirs', steps: [] }, theirs);
  for (const { at, events } of history.steps) for (const one of events) await billing.deliver(one, at);
  await billing.settled();
});
afterAll(() => billing.stop());

interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly next: string | null;
}

async function all(path: string, limit: number): Promise<Page['items']> {
  const items: Page['items'][number][] = [];
  let cursor = '';
  for (;;) {
    const { status, body } = await billing.app.ask('GET', `${path}?limit=${limit}${cursor}`);
    expect(status).toBe(200);
    const page = body as unknown as Page;
    items.push(...page.items);
    if (page.next === null) return items;
    cursor = `&cursor=${page.next}`;
  }
}

describe('what is shown', () => {
  it.each([
    ['/v1/billing/subscriptions', 'subscriptionId', 'sub_'],
    ['/v1/billing/invoices', 'invoiceId', 'in_'],
  ])('of %s is everything once, newest first, page by page', async (path, id, prefix) => {
    const items = await all(path, 2);
    expect(items.map((item) => item[id]).sort()).toEqual(idsOf(prefix).sort());
    const times = items.map(({ createdAt }) => String(createdAt));
    expect(times).toEqual([...times].sort().reverse());
    for (const { observedAt } of items) expect(Date.parse(String(observedAt))).not.toBeNaN();
    expect(await all(path, 200)).toEqual(items);
  });

  it('costs no request to Stripe', async () => {
    const [subscription] = idsOf('sub_');
    const before = billing.stripe.asked.length;
    for (const path of [
      '/v1/billing/subscriptions',
      `/v1/billing/subscriptions/${subscription}`,
      '/v1/billing/invoices',
      `/v1/billing/invoices/${idsOf('in_')[0]}`,
      '/v1/billing/payment-methods',
    ])
      expect((await billing.app.ask('GET', path)).status).toBe(200);
    expect(billing.stripe.asked.slice(before)).toEqual([]);
  });

  it('is a subscription with its amounts in minor units and the currency beside them', async () => {
    const [id] = idsOf('sub_');
    const { body } = await billing.app.ask('GET', `/v1/billing/subscriptions/${id}`);
    expect(body).toMatchObject({
      subscriptionId: id,
      items: [{ unitPrice: { amount: 1000, currency: 'EUR', decimals: 2 }, interval: 'month' }],
    });
  });

  it('of a card is brand, last four digits and expiry, and the default is known', async () => {
    const items = await all('/v1/billing/payment-methods', 50);
    expect(items.length).toBeGreaterThan(0);
    expect(items[0]).toMatchObject({
      card: { brand: 'visa', last4: expect.stringMatching(/^[0-9]{4}$/), expiryYear: 2030 },
    });
    expect(items.filter(({ isDefault }) => isDefault)).toHaveLength(1);
  });

  it('of another organization, and of nobody, is the same 404', async () => {
    for (const path of [
      `/v1/billing/subscriptions/${idsOf('sub_')[0]}`,
      `/v1/billing/invoices/${idsOf('in_')[0]}`,
      `/v1/billing/invoices/${idsOf('in_')[0]}/links`,
    ]) {
      const foreign = await billing.app.ask('GET', path, { organizationId: theirs });
      const unknown = await billing.app.ask('GET', path.replace(/_[^/]+/, '_nobody'));
      expect(foreign.status).toBe(404);
      expect({ ...foreign.body, requestId: null }).toEqual({ ...unknown.body, requestId: null });
    }
    for (const path of ['/v1/billing/subscriptions', '/v1/billing/invoices', '/v1/billing/payment-methods']) {
      expect((await billing.app.ask('GET', path, { organizationId: randomUUID() })).body).toEqual({
        items: [],
        next: null,
      });
    }
  });
});

describe('the links of an invoice', () => {
  it('are fetched when they are asked for, and stand in no log and no table', async () => {
    const [id] = idsOf('in_');
    const before = billing.stripe.asked.length;
    const { status, body } = await billing.app.ask('GET', `/v1/billing/invoices/${id}/links`);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        pdf: `https://pay.stripe.example/${id}/secret-link/pdf`,
        page: `https://invoice.stripe.example/${id}/secret-link`,
      },
    });
    expect(billing.stripe.asked.slice(before)).toEqual([`GET /v1/invoices/${id}`]);
    expect(billing.app.printed()).not.toContain('secret-link');
    const rows = await billing.app.database.asWorker((sql) =>
      sql.query(`select from event where payload::text like '%secret-link%'`),
    );
    expect(rows).toEqual([]);
  });

  it('are unavailable while Stripe is unavailable, and the invoice is shown all the same', async () => {
    const [id] = idsOf('in_');
    billing.stripe.fault = 500;
    const answer = await billing.app.ask('GET', `/v1/billing/invoices/${id}/links`);
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect((await billing.app.ask('GET', `/v1/billing/invoices/${id}`)).status).toBe(200);
    billing.stripe.fault = 'none';
  });
});

describe('a card', () => {
  it('is sealed wherever it is stored', async () => {
    const rows = await billing.app.database.asWorker((sql) =>
      sql.query<{ text: string }>(
        `select payload::text as text from event where type = 'payment-method-observed'
         union all select row_to_json(payment_method)::text from payment_method`,
      ),
    );
    const digits = Object.entries(said).flatMap(([id, content]) =>
      id.startsWith('pm_') ? [(content as { card: { last4: string } }).card.last4] : [],
    );
    expect(rows.length).toBeGreaterThan(1);
    for (const { text } of rows) {
      expect(text).toContain('v1.');
      for (const last4 of digits) expect(text).not.toMatch(new RegExp(`"(?:last4|card)[^}]*"${last4}"`));
    }
  });
});
