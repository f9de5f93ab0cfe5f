/** @promise P31 what happens at Stripe is in the customer's log, and so is the end of the last subscription */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, freshKey } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';
import { failToSaveCard, saveCard, standIn } from './system/stripe.ts';

let system: SystemUnderTest;
let owner: Person;
let subscriptionId: string;

beforeAll(async () => {
  system = await startForTests();
  owner = await signUp(system);
  const card = await saveCard(system, owner.browser);
  const ordered = (await owner.browser.must(201, 'POST', '/v1/billing/subscriptions', {
    body: { priceId: 'price_team', quantity: 3, paymentMethodId: card },
    headers: freshKey(),
  })) as { subscriptionId: string };
  ({ subscriptionId } = ordered);
}, 240_000);
afterAll(() => system.stop(), 60_000);

type Shown = Readonly<Record<string, unknown>>;

async function entry(operation: string): Promise<Shown> {
  return eventually(`The entry ${operation}`, async () => {
    const { entries } = (await owner.browser.must(200, 'GET', '/v1/audit/entries', {
      query: { operation, limit: '10' },
    })) as { entries: Shown[] };
    return entries[0];
  });
}

function subscriptionThat(is: (shown: Shown) => boolean): Promise<Shown> {
  return eventually('The subscription', async () => {
    const answer = await owner.browser.send('GET', `/v1/billing/subscriptions/${subscriptionId}`);
    if (answer.status !== 200) return undefined;
    const shown = answer.json() as Shown;
    return is(shown) ? shown : undefined;
  });
}

/** The invoice that is not among those of before, once it is paid. */
async function newInvoice({ browser }: Person, before: readonly Shown[] = []): Promise<Shown> {
  const known = new Set(before.map(({ invoiceId }) => invoiceId));
  return eventually('A new invoice', async () => {
    const items = await invoices(browser);
    return items.find(({ invoiceId, status }) => !known.has(invoiceId) && status === 'paid');
  });
}

async function invoices(browser: Client): Promise<Shown[]> {
  return ((await browser.must(200, 'GET', '/v1/billing/invoices')) as { items: Shown[] }).items;
}

describe('somebody who changes what they have', () => {
  let grace: Person;
  let card: string;
  let id: string;
  const ask = (method: string, path: string, body: object) =>
    grace.browser.send(method, `/v1/billing/${path}`, { body, headers: freshKey() });

  beforeAll(async () => {
    grace = await signUp(system);
  }, 60_000);

  it('is told that there is no card, and that an id is nobody’s', async () => {
    expect((await ask('POST', 'subscriptions', { priceId: 'price_team' })).json()).toMatchObject({
      ...{ status: 422, reason: 'no-payment-method' },
    });
    const foreign = { priceId: 'price_team', paymentMethodId: 'pm_foreign' };
    expect((await ask('POST', 'subscriptions', foreign)).json()).toMatchObject({
      ...{ status: 404, errors: [{ pointer: '/paymentMethodId' }] },
    });
  });

  it.each([
    ['less, which is credited', { quantity: 1 }, 0],
    ['what the credit pays for', { quantity: 2 }, 0],
    ['what it pays for in part', { priceId: 'price_business' }, 1],
    ['more', { quantity: 4 }, 1],
  ])(
    'pays what the preview has shown: %s',
    async (_, wanted, least) => {
      if (!id) {
        card = await saveCard(system, grace.browser);
        const body = { priceId: 'price_team', quantity: 3, paymentMethodId: card };
        id = ((await ask('POST', 'subscriptions', body)).json() as { subscriptionId: string }).subscriptionId;
        await newInvoice(grace);
      }
      const before = await invoices(grace.browser);
      const shown = (await ask('POST', `subscriptions/${id}/preview`, wanted)).json() as Shown & {
        lines: { amount: { amount: number } }[];
        dueNow: { amount: number };
      };
      expect((await ask('PATCH', `subscriptions/${id}`, { token: shown.token })).status).toBe(200);
      const { total, amountPaid } = await newInvoice(grace, before);
      expect(amountPaid).toEqual(shown.dueNow);
      expect(Math.sign(shown.dueNow.amount)).toBe(least);
      const sum = shown.lines.reduce((all, { amount }) => all + amount.amount, 0);
      expect(total).toMatchObject({ amount: sum });
      const next = (await ask('POST', `subscriptions/${id}/preview`, { quantity: 9 })).json() as Shown;
      const { amount: left } = shown.creditLeft as { amount: number };
      const { amount: used } = next.creditUsed as { amount: number };
      expect(used + (next.creditLeft as { amount: number }).amount).toBe(left);
    },
    60_000,
  );

  it('does not switch to a price in another currency', async () => {
    const prices = (await grace.browser.must(200, 'GET', '/v1/billing/prices')) as {
      items: { priceId: string; unitPrice: { currency: string } }[];
    };
    const { priceId } = prices.items.find(({ unitPrice }) => unitPrice.currency !== 'EUR') ?? {};
    for (const path of [`subscriptions/${id}/preview`, 'subscriptions'])
      expect(
        (
          await ask('POST', path, { priceId, ...(path === 'subscriptions' && { paymentMethodId: card }) })
        ).json(),
      ).toMatchObject({
        ...{ status: 422, reason: 'other-currency', errors: [{ pointer: '/priceId' }] },
      });
  });

  it('pays with the card that they make the default one, whatever the subscription was made with', async () => {
    const other = await saveCard(system, grace.browser, 'pm_card_chargeCustomerFail');
    await grace.browser.must(204, 'PUT', `/v1/billing/payment-methods/${other}/default`);
    const { token } = (await ask('POST', `subscriptions/${id}/preview`, { quantity: 20 })).json() as Shown;
    const declined = (await ask('PATCH', `subscriptions/${id}`, { token })).json();
    expect(declined).toMatchObject({ status: 422, reason: 'card-declined' });
    await grace.browser.must(204, 'PUT', `/v1/billing/payment-methods/${card}/default`);
    // Its try is over.
    expect((await ask('PATCH', `subscriptions/${id}`, { token })).json()).toEqual({
      ...(declined as object),
      requestId: expect.any(String),
    });
    const again = (await ask('POST', `subscriptions/${id}/preview`, { quantity: 20 })).json() as Shown;
    expect((await ask('PATCH', `subscriptions/${id}`, { token: again.token })).status).toBe(200);
  });
});

describe('what happens at Stripe', () => {
  it('is shown within a moment, and a read asks Stripe nothing', async () => {
    expect(await subscriptionThat(({ status }) => status === 'active')).toMatchObject({
      isLive: true,
      items: [{ priceId: 'price_team', quantity: 3 }],
    });
    await standIn(system, 'POST', 'webhooks', { paused: true });
    const asked = async () => (await standIn<readonly unknown[]>(system, 'GET', 'requests')).length;
    const before = await eventually('Quiet', async () => {
      const first = await asked();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return (await asked()) === first ? first : undefined;
    });
    for (let nth = 0; nth < 20; nth += 1) await subscriptionThat(() => true);
    expect(await asked()).toBe(before);
    await standIn(system, 'POST', 'webhooks', { paused: false });
  });

  it.each([
    ['billing.subscription-started', 'subscription'],
    ['billing.invoice-finalized', 'invoice'],
    ['billing.invoice-paid', 'invoice'],
    ['billing.payment-method-attached', 'payment-method'],
  ])('is the entry %s of the customer’s log', async (operation, type) => {
    expect(await entry(operation)).toMatchObject({
      actor: { type: 'service', id: 'billing' },
      entity: { type },
      outcome: 'success',
    });
  });

  it('to cards that fail again and again is a fact that names no card (P32)', async () => {
    for (let nth = 0; nth < 5; nth += 1) await failToSaveCard(system, owner.browser);
    const { details } = await entry('billing.card-failures-repeated');
    expect(details).toMatchObject({ failures: 5, cards: 1, windowSeconds: 600 });
    const events = await system.rows('billing', `select payload from event where type like 'card-failure%'`);
    const cards = await standIn<{ card: { fingerprint: string } }[]>(
      system,
      'GET',
      'objects?kind=payment_method',
    );
    expect(events).toHaveLength(6);
    for (const { card } of cards) expect(JSON.stringify(events)).not.toContain(card.fingerprint);
  });

  it('because of an order that was lost happens before what is ordered later', async () => {
    const cancellation = `/v1/billing/subscriptions/${subscriptionId}/cancellation`;
    await standIn(system, 'POST', 'faults', { faults: [{ kind: 'away', writes: true }] });
    const reasons = [
      await owner.browser.send('POST', cancellation, { body: { at: 'period-end' } }),
      await owner.browser.send('DELETE', cancellation),
    ].map((answer) => (answer.json() as Shown).reason);
    expect(reasons).toEqual(['outcome-unknown', 'earlier-order-open']);
    await standIn(system, 'POST', 'faults', { faults: [] });
    await owner.browser.must(200, 'DELETE', cancellation);
    const [cancelled, resumed] = [
      await entry('billing.subscription-cancellation-requested'),
      await entry('billing.subscription-resumption-requested'),
    ].map(({ occurredAt }) => Date.parse(occurredAt as string));
    expect(cancelled).toBeLessThanOrEqual(resumed ?? 0);
    expect((await subscriptionThat(({ isLive }) => isLive === true)).cancelsAt).toBeNull();
    // Nothing is left that a worker would carry out.
    expect(await system.rows('billing', 'select from intent')).toEqual([]);
  });

  it('to the last subscription is T0: the time that Stripe says', async () => {
    await owner.browser.must(200, 'POST', `/v1/billing/subscriptions/${subscriptionId}/cancellation`, {
      body: { at: 'period-end' },
    });
    await standIn(system, 'POST', 'clock', { days: 40 });
    const { endedAt } = await subscriptionThat(({ status }) => status === 'canceled');
    expect((await entry('billing.subscription-ended')).entity).toEqual({
      type: 'subscription',
      id: subscriptionId,
    });
    expect((await entry('billing.all-subscriptions-ended')).details).toMatchObject({ endedAt });
  });

  it('to a customer that somebody deletes ends nothing for good: the organization buys again', async () => {
    const customer = async () =>
      ((await owner.browser.must(200, 'GET', '/v1/billing/customer')) as { customerId: string }).customerId;
    const deleted = await customer();
    await standIn(system, 'POST', 'deletions', { id: deleted });
    await entry('billing.customer-deleted');
    const card = await saveCard(system, owner.browser);
    await owner.browser.must(201, 'POST', '/v1/billing/subscriptions', {
      body: { priceId: 'price_team', quantity: 1, paymentMethodId: card },
      headers: freshKey(),
    });
    expect(await customer()).not.toBe(deleted);
    await entry('billing.subscription-resumed');
  });
});
