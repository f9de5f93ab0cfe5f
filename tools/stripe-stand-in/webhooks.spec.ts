import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { standInForTests, TEAM, type TestedStandIn } from './for-tests.fixture.ts';
import type { WebhookOptions } from './webhooks.ts';

const secret = 'whsec_of_this_suite';

let receiver: Server;
let standIn: TestedStandIn;
/** What has come, as the SDK verified it. */
let got: Stripe.Event[] = [];
/** What the receiver answers to the next ones. */
let statuses: number[] = [];

beforeEach(async () => {
  [got, statuses] = [[], []];
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = statuses.shift() ?? 200;
      // Throws where the signature is not Stripe's, or is old.
      const signature = request.headers['stripe-signature'] ?? '';
      const event = Stripe.webhooks.constructEvent(Buffer.concat(chunks), signature, secret);
      if (status === 200) got.push(event);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await standIn.stop();
  receiver.closeAllConnections();
  receiver.close();
});

async function start(more: Partial<WebhookOptions>): Promise<void> {
  const { port } = receiver.address() as AddressInfo;
  standIn = await standInForTests({ webhook: { url: `http://127.0.0.1:${port}/`, secret, ...more } });
}

const orderly = { repeated: 0, overtaken: 0 };

/** A customer who subscribes, stays for a month, and leaves. */
async function story(): Promise<void> {
  const { id: customer } = await standIn.customerWith('pm_card_visa');
  const { id } = await standIn.stripe.subscriptions.create({ customer, items: [{ price: TEAM }] });
  standIn.advance(32 * 86_400);
  await standIn.stripe.subscriptions.cancel(id);
}

const ids = () => got.map(({ id }) => id);
const listed = async () => {
  const found: string[] = [];
  for await (const event of standIn.stripe.events.list({ limit: 100 })) found.unshift(event.id);
  return found;
};

describe('every event is sent, signed', () => {
  it('once and in order, if asked', async () => {
    await start(orderly);
    await story();
    await standIn.settled();
    expect(new Set(ids()).size).toBe(got.length);
    expect(got.length).toBeGreaterThan(20);
    const { created, ...first } = got[0] ?? { created: 0 };
    expect(first).toMatchObject({ object: 'event', api_version: Stripe.API_VERSION, livemode: false });
    expect(created).toBe(Math.min(...got.map((event) => event.created)));
    expect(new Set(got.map(({ type }) => type))).toEqual(
      new Set([
        ...['customer.created', 'customer.updated', 'payment_method.attached'],
        ...[
          'customer.subscription.created',
          'customer.subscription.updated',
          'customer.subscription.deleted',
        ],
        ...[
          'invoice.created',
          'invoice.finalized',
          'invoice.paid',
          'invoice.payment_succeeded',
          'invoice_payment.paid',
        ],
        ...['payment_intent.created', 'payment_intent.succeeded', 'charge.succeeded'],
      ]),
    );
  });

  it('some twice and some late where nothing is said, the same ones for the same seed', async () => {
    await start({ seed: 4 });
    await story();
    await standIn.settled();
    const sent = ids();
    expect(new Set(sent).size).toBeLessThan(sent.length);
    const inOrder = await listed();
    const firsts = [...new Set(sent)].filter((id) => inOrder.includes(id));
    expect(firsts).not.toEqual(inOrder.filter((id) => firsts.includes(id)));
  });

  it('until it was taken, and what an update changed is told', async () => {
    await start(orderly);
    statuses = [500, 302];
    const { id } = await standIn.stripe.customers.create({ name: 'Ada' });
    await standIn.stripe.customers.update(id, { name: 'Countess' });
    await standIn.settled();
    expect(got.map(({ type }) => type).toSorted()).toEqual(['customer.created', 'customer.updated']);
    const updated = got.find(({ type }) => type === 'customer.updated');
    expect(updated?.data).toMatchObject({
      object: { name: 'Countess' },
      previous_attributes: { name: 'Ada' },
    });
    expect((await standIn.stripe.events.list()).data.map((event) => event.pending_webhooks)).toEqual([0, 0]);
  });
});

describe('on request, webhooks', () => {
  it('wait, and come in another order', async () => {
    await start(orderly);
    await standIn.control('POST', '/webhooks', { paused: true });
    await story();
    expect(got).toEqual([]);
    const { waiting } = await standIn.control<{ waiting: { eventId: string }[] }>('GET', '/webhooks');
    const all = waiting.map(({ eventId }) => eventId);
    expect(await standIn.control('POST', '/deliveries', { order: 'shuffled' })).toEqual({ untaken: 0 });
    expect(new Set(ids())).toEqual(new Set(all));
    expect(ids()).not.toEqual(all);
  });

  it('are sent again as often as is wished', async () => {
    await start(orderly);
    await standIn.stripe.customers.create({});
    await standIn.settled();
    const [id] = ids();
    expect(await standIn.control('POST', '/replays', { id, times: 100 })).toEqual({ taken: 100 });
    expect(ids()).toEqual(Array.from({ length: 101 }, () => id));
  });
});
