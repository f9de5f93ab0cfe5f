import { randomUUID } from 'node:crypto';
import { Stripe } from 'stripe';
import type { Requests } from '../openapi.fixtures.ts';
import { anybody, marked, type World } from '../openapi.world.ts';
import { freshKey } from '../system/client.ts';
import { eventually } from '../system/eventually.ts';
import { newPerson } from '../system/people.ts';
import { restrictedKey, saveCard } from '../system/stripe.ts';

/** Where people reach the system that is tried. */
const back = (url: string) => ({ successUrl: `${url}/paid`, cancelUrl: url });

/** What the stand-in sells. */
const order = { priceId: 'price_team', quantity: 2 };

export const requests: Requests = {
  'price.list': ({ owner }) => ({ as: owner.browser }),
  'customer.read': ({ owner }) => ({ as: owner.browser }),
  'customer.change': ({ owner }) => ({
    as: owner.browser,
    body: { name: 'Analytical Engines', email: newPerson().email },
  }),
  'webhook.take': (world) => {
    const event = { id: `evt_${randomUUID().replaceAll('-', '')}`, object: 'event', type: 'plan.created' };
    const body = { ...event, livemode: false, created: 1_790_000_000, data: { object: { id: 'plan_1' } } };
    return { ...anybody(world, body), headers: { 'stripe-signature': signed(world, JSON.stringify(body)) } };
  },
  'checkout-session.create': ({ owner, system }) => ({
    as: owner.browser,
    body: { mode: 'setup', ...back(system.url.replace('127.0.0.1', 'localhost')) },
  }),
  'setup-intent.create': ({ owner }) => ({ as: owner.browser }),
  'portal-session.create': ({ owner, system }) => ({
    as: owner.browser,
    body: { returnUrl: system.url.replace('127.0.0.1', 'localhost') },
  }),
  'subscription.create': async (world) => ({
    as: world.owner.browser,
    body: { ...order, paymentMethodId: await savedCard(world) },
  }),
  'subscription.preview': async (world) => ({
    as: world.owner.browser,
    params: { id: await subscribed(world) },
    body: { ...order, quantity: 5 },
  }),
  'subscription.change': async (world) => {
    const id = await subscribed(world);
    const { token } = (await world.owner.browser.must(
      200,
      'POST',
      `/v1/billing/subscriptions/${id}/preview`,
      {
        body: { ...order, quantity: 5 },
      },
    )) as { token: string };
    return { as: world.owner.browser, params: { id }, body: { token } };
  },
  'subscription.cancel': async (world) => ({
    as: world.owner.browser,
    params: { id: await subscribed(world) },
    body: { at: 'period-end' },
  }),
  'subscription.resume': async (world) => {
    const id = await subscribed(world);
    await world.owner.browser.must(200, 'POST', `/v1/billing/subscriptions/${id}/cancellation`, { body: {} });
    return { as: world.owner.browser, params: { id } };
  },
  'subscription.list': ({ owner }) => ({ as: owner.browser }),
  'subscription.read': async (world) => {
    const id = await subscribed(world);
    await eventually('The subscription', async () => {
      const { status } = await world.owner.browser.send('GET', `/v1/billing/subscriptions/${id}`);
      return status === 200 ? true : undefined;
    });
    return { as: world.owner.browser, params: { id } };
  },
  'invoice.list': ({ owner }) => ({ as: owner.browser }),
  'invoice.read': async (world) => ({ as: world.owner.browser, params: { id: await invoiced(world) } }),
  'invoice.read-links': async (world) => ({
    as: world.owner.browser,
    params: { id: await invoiced(world) },
  }),
  'payment-method.list': ({ owner }) => ({ as: owner.browser }),
  'payment-method.make-default': async (world) => ({
    as: world.owner.browser,
    params: { id: await savedCard(world) },
  }),
  'payment-method.detach': async (world) => ({
    as: world.owner.browser,
    params: { id: await savedCard(world) },
  }),
  'stripe-key.set': async (world) => ({
    as: world.owner.browser,
    body: { key: marked(world, await restrictedKey(world.system)) },
  }),
  'stripe-key.read': async (world) => {
    await withStripeKey(world);
    return { as: world.owner.browser };
  },
  'stripe-key.remove': async (world) => {
    await withStripeKey(world);
    return { as: world.owner.browser };
  },
  'stripe-balance.read': async (world) => {
    await withStripeKey(world);
    return { as: world.backEnd };
  },
  'stripe-payout.list': async (world) => {
    await withStripeKey(world);
    return { as: world.backEnd };
  },
};

async function subscribed(world: World): Promise<string> {
  const { subscriptionId } = (await world.owner.browser.must(201, 'POST', '/v1/billing/subscriptions', {
    body: { ...order, paymentMethodId: await savedCard(world) },
    headers: freshKey(),
  })) as { subscriptionId: string };
  return marked(world, subscriptionId);
}

async function withStripeKey(world: World): Promise<void> {
  await world.owner.browser.must(200, 'PUT', '/v1/billing/stripe-key', {
    body: { key: marked(world, await restrictedKey(world.system)) },
  });
}

/** Stripe tells us of the invoice; until then there is none. */
async function invoiced(world: World): Promise<string> {
  await subscribed(world);
  const id = await eventually('The invoice', async () => {
    const { items } = (await world.owner.browser.must(200, 'GET', '/v1/billing/invoices')) as {
      items: { invoiceId: string }[];
    };
    return items[0]?.invoiceId;
  });
  return marked(world, id);
}

async function savedCard(world: World): Promise<string> {
  return marked(world, await saveCard(world.system, world.owner.browser));
}

function signed({ system }: World, payload: string): string {
  const { STRIPE_WEBHOOK_SECRET: secret = '' } = system.stripe.variables;
  return Stripe.webhooks.generateTestHeaderString({ payload, secret });
}
