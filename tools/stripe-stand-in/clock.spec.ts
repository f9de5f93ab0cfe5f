import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import {
  BUSINESS,
  DAY,
  failure,
  object,
  standInForTests,
  TEAM,
  TEAM_YEARLY,
  type TestedStandIn,
} from './for-tests.fixture.ts';

/** Each of these has a clock of its own: what one moves concerns no other. */
let standIn: TestedStandIn;
const open = () => {
  beforeAll(async () => {
    standIn = await standInForTests();
  });
  afterAll(() => standIn.stop());
};

const HOUR = 3600;
const subscribe = (customer: string, more: object = {}): Promise<Stripe.Subscription> =>
  standIn.stripe.subscriptions.create({ customer, items: [{ price: TEAM, quantity: 2 }], ...more });
const statusOf = async (id: string) => (await standIn.stripe.subscriptions.retrieve(id)).status;
const day = (seconds: number | null | undefined) =>
  new Date((seconds ?? 0) * 1000).toISOString().slice(0, 10);
const invoicesOf = async (subscription: string) =>
  (await standIn.stripe.invoices.list({ subscription, limit: 100 })).data;
/** Types of the events about an object, the oldest first. */
const told = async (id: string) => {
  const { data } = await standIn.stripe.events.list({ limit: 100 });
  return data.filter((event) => (event.data.object as { id?: string }).id === id).toReversed();
};

describe('a subscription by the month', () => {
  open();

  it('is paid at once, and again on the same day of each month, or its last', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_visa');
    const subscription = await subscribe(customer);
    expect(subscription.status).toBe('active');
    standIn.advance(28 * DAY + 2 * HOUR);
    standIn.advance(31 * DAY);
    const [third, second, first] = await invoicesOf(subscription.id);
    expect([first, second, third].map((one) => [one?.billing_reason, one?.status, one?.amount_paid])).toEqual(
      [
        ['subscription_create', 'paid', 3800],
        ['subscription_cycle', 'paid', 3800],
        ['subscription_cycle', 'paid', 3800],
      ],
    );
    expect([second?.created, third?.created].map(day)).toEqual(['2026-02-28', '2026-03-31']);
    const { data } = (await standIn.stripe.subscriptions.retrieve(subscription.id)).items;
    expect([data[0]?.current_period_start, data[0]?.current_period_end].map(day)).toEqual([
      '2026-03-31',
      '2026-04-30',
    ]);
  });

  it('has an hour between the draft of its invoice and its payment; events carry these times', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_visa');
    const { id, items } = await subscribe(customer);
    const end = items.data[0]?.current_period_end ?? 0;
    await standIn.control('POST', '/clock', { to: end + 60 });
    const [draft] = await invoicesOf(id);
    expect(draft).toMatchObject({ status: 'draft', automatically_finalizes_at: end + HOUR });
    await standIn.control('POST', '/clock', { days: 1 });
    const events = await told(draft?.id ?? '');
    expect(events.map(({ type, created }) => [type, created - end])).toEqual([
      ['invoice.created', 0],
      ['invoice.finalized', HOUR],
      ['invoice.paid', HOUR],
      ['invoice.payment_succeeded', HOUR],
    ]);
  });

  it('that is cancelled at the end of the period ends then, unless that is taken back', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_visa');
    const [kept, ended] = [await subscribe(customer), await subscribe(customer)];
    for (const { id } of [kept, ended])
      expect(await standIn.stripe.subscriptions.update(id, { cancel_at_period_end: true })).toMatchObject({
        ...{ status: 'active', cancel_at_period_end: true, canceled_at: standIn.world.now() },
        cancel_at: kept.items.data[0]?.current_period_end,
      });
    await standIn.stripe.subscriptions.update(kept.id, { cancel_at_period_end: false });
    standIn.advance(40 * DAY);
    expect(await statusOf(kept.id)).toBe('active');
    const end = ended.items.data[0]?.current_period_end;
    expect(await standIn.stripe.subscriptions.retrieve(ended.id)).toMatchObject({
      status: 'canceled',
      ended_at: end,
    });
    expect((await told(ended.id)).at(-1)).toMatchObject({
      type: 'customer.subscription.deleted',
      created: end,
    });
    expect(await failure(standIn.stripe.subscriptions.cancel(ended.id))).toMatchObject({
      code: 'resource_missing',
    });
    expect(
      await failure(standIn.stripe.subscriptions.update(ended.id, { cancel_at_period_end: false })),
    ).toMatchObject({ statusCode: 400 });
    const listed = async (status?: 'all') =>
      (await standIn.stripe.subscriptions.list({ customer, ...(status && { status }) })).data.length;
    expect([await listed(), await listed('all')]).toEqual([1, 2]);
  });

  it('in yen and dinars is paid in their smallest unit', async () => {
    for (const [price, amount] of [
      ['price_team_jpy', 6000],
      ['price_team_kwd', 13_000],
    ] as const) {
      const { id: customer } = await standIn.customerWith('pm_card_visa');
      const { latest_invoice } = await subscribe(customer, {
        items: [{ price, quantity: 2 }],
        expand: ['latest_invoice'],
      });
      expect(object(latest_invoice)).toMatchObject({ amount_paid: amount, currency: price.slice(-3) });
      expect(await failure(subscribe(customer))).toMatchObject({ statusCode: 400 });
    }
  });
});

describe('a payment that fails', () => {
  open();

  it('is tried again after 3, 5 and 7 days; the subscription recovers when one succeeds', async () => {
    const { id: customer, invoice_settings } = await standIn.customerWith('pm_card_visa');
    const { id } = await subscribe(customer);
    const card = invoice_settings.default_payment_method as string;
    await standIn.control('POST', '/cards', { id: card, token: 'pm_card_chargeCustomerFail' });
    standIn.advance(28 * DAY + 2 * HOUR);
    expect(await statusOf(id)).toBe('past_due');
    const [open] = await invoicesOf(id);
    expect(open).toMatchObject({ status: 'open', attempt_count: 1, attempted: true });
    expect((open?.next_payment_attempt ?? 0) - (open?.status_transitions.finalized_at ?? 0)).toBe(3 * DAY);
    standIn.advance(4 * DAY);
    expect((await standIn.stripe.invoices.retrieve(open?.id ?? '')).attempt_count).toBe(2);
    await standIn.control('POST', '/cards', { id: card, token: 'pm_card_visa' });
    standIn.advance(5 * DAY);
    expect(await statusOf(id)).toBe('active');
    expect(
      (await told(open?.id ?? '')).map(({ type }) => type).filter((type) => type.startsWith('invoice.pa')),
    ).toEqual([
      'invoice.payment_failed',
      'invoice.payment_failed',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
    const charges = await standIn.stripe.charges.list({ customer });
    expect(charges.data.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'failed', 'succeeded']);
  });

  it.each([
    ['cancel', 'canceled'],
    ['unpaid', 'unpaid'],
    ['past_due', 'past_due'],
  ] as const)('to the end leaves the subscription as is chosen (%s)', async (afterRetries, status) => {
    const chosen = await standInForTests({ afterRetries });
    const { id: customer, invoice_settings } = await chosen.customerWith('pm_card_visa');
    const { id } = await chosen.stripe.subscriptions.create({ customer, items: [{ price: TEAM }] });
    const token = 'pm_card_chargeCustomerFail';
    await chosen.control('POST', '/cards', { id: invoice_settings.default_payment_method as string, token });
    chosen.advance(28 * DAY + 15 * DAY + 3 * HOUR);
    expect((await chosen.stripe.subscriptions.retrieve(id)).status).toBe(status);
    const [invoice] = (await chosen.stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 4, next_payment_attempt: null });
    await chosen.stop();
  });

  it('can be paid by the customer with another card, or out of band', async () => {
    for (const pay of ['card', 'dashboard']) {
      const { id: customer, invoice_settings } = await standIn.customerWith('pm_card_visa');
      const { id } = await subscribe(customer);
      const token = 'pm_card_chargeCustomerFail';
      await standIn.control('POST', '/cards', {
        id: invoice_settings.default_payment_method as string,
        token,
      });
      standIn.advance(32 * DAY);
      const [open] = await invoicesOf(id);
      if (!open) throw new Error('There is no invoice');
      expect(await failure(standIn.stripe.invoices.pay(open.id))).toMatchObject({ code: 'card_declined' });
      const other = await standIn.stripe.paymentMethods.attach('pm_card_mastercard', { customer });
      if (pay === 'card') await standIn.stripe.invoices.pay(open.id, { payment_method: other.id });
      else await standIn.control('POST', '/payments', { id: open.id });
      const paid = await standIn.stripe.invoices.retrieve(open.id);
      expect([paid.status, paid.amount_paid]).toEqual(['paid', pay === 'card' ? 3800 : 0]);
      expect(await statusOf(id)).toBe('active');
    }
  });

  it('at first leaves the subscription incomplete, and after 23 hours it has expired', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_chargeCustomerFail');
    const subscription = await subscribe(customer);
    expect(subscription.status).toBe('incomplete');
    standIn.advance(22 * HOUR);
    expect(await statusOf(subscription.id)).toBe('incomplete');
    standIn.advance(HOUR);
    expect(await statusOf(subscription.id)).toBe('incomplete_expired');
    expect((await invoicesOf(subscription.id))[0]?.status).toBe('void');
    expect(await failure(subscribe(customer, { payment_behavior: 'error_if_incomplete' }))).toMatchObject({
      ...{ statusCode: 402, code: 'card_declined' },
    });
    expect((await standIn.stripe.subscriptions.list({ customer, status: 'all' })).data).toHaveLength(1);
  });

  it('needs a person: authenticated in time, the subscription lives', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_authenticationRequired');
    const { id, status, latest_invoice } = await subscribe(customer, {
      expand: ['latest_invoice.payments.data.payment.payment_intent'],
    });
    expect(status).toBe('incomplete');
    const intent = object(object(latest_invoice).payments?.data[0]?.payment.payment_intent);
    expect(intent.status).toBe('requires_action');
    await standIn.control('POST', '/authentications', { id: intent.id, succeeds: true });
    expect(await statusOf(id)).toBe('active');
    standIn.advance(32 * DAY);
    expect(await statusOf(id)).toBe('past_due');
    expect((await told((await invoicesOf(id))[0]?.id ?? '')).map(({ type }) => type)).toContain(
      'invoice.payment_action_required',
    );
  });
});

describe('a trial', () => {
  open();

  it('is an invoice of nothing, told of three days before it ends, and then paid', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_visa');
    const subscription = await subscribe(customer, { trial_period_days: 14 });
    expect(subscription).toMatchObject({ status: 'trialing', trial_end: standIn.world.now() + 14 * DAY });
    expect((await invoicesOf(subscription.id))[0]).toMatchObject({ status: 'paid', amount_due: 0, total: 0 });
    standIn.advance(15 * DAY);
    expect(await statusOf(subscription.id)).toBe('active');
    expect((await invoicesOf(subscription.id))[0]).toMatchObject({ status: 'paid', amount_paid: 3800 });
    const notice = (await told(subscription.id)).find(
      ({ type }) => type === 'customer.subscription.trial_will_end',
    );
    expect(notice?.created).toBe((subscription.trial_end ?? 0) - 3 * DAY);
  });

  it('that is cancelled costs nothing', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_visa');
    const { id } = await subscribe(customer, { trial_period_days: 14 });
    await standIn.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    standIn.advance(40 * DAY);
    expect(await statusOf(id)).toBe('canceled');
    expect((await standIn.stripe.charges.list({ customer })).data).toEqual([]);
  });
});

describe('a change', () => {
  open();

  /** As it is shown before, and as it is then carried out. */
  async function change(more: object, wanted: object, at: number) {
    const { id: customer } = await standIn.customerWith('pm_card_visa');
    const { id, items } = await subscribe(customer);
    standIn.advance(at);
    const details = {
      items: [{ id: items.data[0]?.id ?? '', ...wanted }],
      proration_date: standIn.world.now(),
      ...more,
    };
    const preview = await standIn.stripe.invoices.createPreview({
      customer,
      subscription: id,
      subscription_details: details,
    });
    const changed = await standIn.stripe.subscriptions.update(id, {
      ...{ ...details, payment_behavior: 'error_if_incomplete', expand: ['latest_invoice'] },
    });
    return { customer, preview, changed, invoice: object(changed.latest_invoice) };
  }

  it('costs what its preview says: the rest of the period, credited and charged', async () => {
    const { preview, invoice, changed } = await change(
      { proration_behavior: 'always_invoice' },
      { price: BUSINESS, quantity: 5 },
      14 * DAY,
    );
    // Half of a February.
    expect(preview.lines.data.map(({ amount }) => amount)).toEqual([-1900, 12_250]);
    expect([preview.total, invoice.total, invoice.amount_paid]).toEqual([10_350, 10_350, 10_350]);
    expect(changed.items.data[0]).toMatchObject({ quantity: 5, price: { id: BUSINESS } });
  });

  it('to less is credit, which the next invoice uses', async () => {
    const { customer, preview, invoice, changed } = await change(
      { proration_behavior: 'always_invoice' },
      { quantity: 1 },
      0,
    );
    expect([preview.total, invoice.total, invoice.status, invoice.amount_due]).toEqual([
      -1900,
      -1900,
      'paid',
      0,
    ]);
    expect(await standIn.stripe.customers.retrieve(customer)).toMatchObject({ balance: -1900 });
    standIn.advance(32 * DAY);
    const [next] = await invoicesOf(changed.id);
    expect(next).toMatchObject({ total: 1900, amount_due: 0, status: 'paid' });
    expect(await standIn.stripe.customers.retrieve(customer)).toMatchObject({ balance: 0 });
  });

  it('without an invoice at once is in the next one', async () => {
    const { preview, invoice, changed } = await change(
      { proration_behavior: 'create_prorations' },
      { quantity: 4 },
      0,
    );
    expect(invoice.billing_reason).toBe('subscription_create');
    expect(preview.total).toBe(-3800 + 7600 + 7600);
    standIn.advance(32 * DAY);
    expect((await invoicesOf(changed.id))[0]?.total).toBe(preview.total);
  });

  it('to another interval begins a new period, and is paid at once', async () => {
    const { preview, invoice, changed } = await change({}, { price: TEAM_YEARLY }, 0);
    expect([preview.total, invoice.total]).toEqual([38_000 - 3800, 38_000 - 3800]);
    const [item] = changed.items.data;
    expect((item?.current_period_end ?? 0) - (item?.current_period_start ?? 0)).toBe(365 * DAY);
  });

  it('that cannot be paid is not made', async () => {
    const { id: customer, invoice_settings } = await standIn.customerWith('pm_card_visa');
    const { id, items } = await subscribe(customer);
    const token = 'pm_card_chargeCustomerFail';
    await standIn.control('POST', '/cards', { id: invoice_settings.default_payment_method as string, token });
    const changed = standIn.stripe.subscriptions.update(id, {
      items: [{ id: items.data[0]?.id ?? '', quantity: 9 }],
      ...{ proration_behavior: 'always_invoice', payment_behavior: 'error_if_incomplete' },
    });
    expect(await failure(changed)).toMatchObject({ statusCode: 402, code: 'card_declined' });
    expect((await standIn.stripe.subscriptions.retrieve(id)).items.data[0]?.quantity).toBe(2);
  });
});

it('events are listed for 30 days, and a Checkout session is open for one', async () => {
  const own = await standInForTests();
  const { id: customer } = await own.customerWith('pm_card_visa');
  const { id } = await own.stripe.checkout.sessions.create({
    ...{ mode: 'setup', customer, success_url: 'http://localhost/ok', cancel_url: 'http://localhost/' },
  });
  own.advance(DAY);
  expect(await own.stripe.checkout.sessions.retrieve(id)).toMatchObject({ status: 'expired', url: null });
  const types = async () => (await own.stripe.events.list({ limit: 100 })).data.map(({ type }) => type);
  expect(await types()).toEqual(expect.arrayContaining(['customer.created', 'checkout.session.expired']));
  own.advance(29 * DAY + 1);
  expect(await types()).toEqual(['checkout.session.expired']);
  await own.stop();
});

describe('a subscription', () => {
  open();

  it('that is incomplete has expired once it is cancelled: it never began', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_chargeCustomerFail');
    const made = await standIn.stripe.subscriptions.create({ customer, items: [{ price: TEAM }] });
    expect(made.status).toBe('incomplete');
    const ended = await standIn.stripe.subscriptions.cancel(made.id);
    expect([ended.status, ended.ended_at === null]).toEqual(['incomplete_expired', false]);
    const { data } = await standIn.stripe.invoices.list({ subscription: made.id });
    expect(data.map(({ status }) => status)).toEqual(['void']);
  });

  it('in another currency is refused at Checkout, and by a page that was opened before', async () => {
    const { id: customer } = await standIn.customerWith('pm_card_visa');
    const opened = (price: string) =>
      standIn.stripe.checkout.sessions.create({
        ...{ mode: 'subscription', customer, line_items: [{ price, quantity: 1 }] },
        success_url: 'http://localhost/ok',
      });
    const { data } = await standIn.stripe.prices.list({ currency: 'jpy', active: true });
    const yen = data[0]?.id ?? '';
    const { url } = await opened(yen);
    await standIn.stripe.subscriptions.create({ customer, items: [{ price: TEAM }] });
    expect(await failure(opened(yen))).toMatchObject({ statusCode: 400 });
    const body = new URLSearchParams({ card: '4242424242424242', name: 'Ada' });
    const answer = await fetch(url ?? '', { method: 'POST', body, redirect: 'manual' });
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringContaining('combine currencies'),
    ]);
  });
});
