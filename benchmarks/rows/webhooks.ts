import { setTimeout as sleep } from 'node:timers/promises';
import { anonymous, INTERNAL_TOKEN_HEADER, InternalTokens, readPrivateKey } from '@vouchsafe/service-host';
import { Stripe } from 'stripe';
import type { Row } from '../harness.ts';
import type { Load } from '../load.ts';
import { DURABLE } from '../postgres.ts';
import { startPeer } from '../programs.ts';
import { load, openWholeSystem, type WholeSystem } from './whole-system.ts';

const CONNECTIONS = 64;
/** Objects that the events are about. */
const SUBSCRIPTIONS = 32;
const ROUTE = '/webhooks/stripe';

/** Stripe's events, each new, signed over its bytes, kept before the answer; beside a server that checks nothing and inserts. */
export const row: Row = {
  run: async ({ compete, afterwards, seconds }) => {
    const system = await openWholeSystem();
    afterwards(() => system.close());
    const told = await subscribed(system);
    const { STRIPE_WEBHOOK_SECRET: secret = '' } = system.stripe.variables;
    const peer = await startPeer('insert.ts', new URL('/billing', system.adminUrl).href);
    afterwards(peer.stop);
    const asked: Omit<Load, 'url'> = {
      ...{ method: 'POST', status: 204, connections: CONNECTIONS, seconds, signed: { secret, ...told } },
      headers: { 'content-type': 'application/json' },
    };
    const kilobytes = (Buffer.byteLength(told.event) / 1000).toFixed(1);
    const conditions = {
      concurrency: `${CONNECTIONS} connections`,
      payload: `a subscription's event, ${kilobytes} kB`,
      durability: `the event kept before the answer: ${DURABLE}`,
    };
    const peers = [
      {
        name: 'the bare insert, unchecked, over HTTP',
        atLeast: 0.5,
        run: () => load({ ...asked, url: peer.url + ROUTE }),
      },
    ];
    await compete({
      ...{ variant: 'at billing', conditions, peers },
      ours: async () =>
        load({
          ...asked,
          url: system.service('billing').url + ROUTE,
          headers: { ...asked.headers, [INTERNAL_TOKEN_HEADER]: await tokenOf(system) },
        }),
    });
    await compete({
      ...{ variant: 'through the gateway', conditions, peers },
      ours: () => load({ ...asked, url: system.url + ROUTE }),
    });
  },
};

/** A customer with subscriptions, told by webhook and looked at. @returns the event of the first, as Stripe sent it, and all */
async function subscribed(system: WholeSystem): Promise<Omit<NonNullable<Load['signed']>, 'secret'>> {
  const { STRIPE_SECRET_KEY: key = '' } = system.stripe.variables;
  const { hostname: host, port } = new URL(system.stripe.url ?? '');
  const stripe = new Stripe(key, { host, port, protocol: 'http' });
  const customer = await customerOf(system);
  const { id: card } = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  const objects: string[] = [];
  while (objects.length < SUBSCRIPTIONS) {
    const order = { customer, items: [{ price: 'price_team' }], default_payment_method: card };
    objects.push((await stripe.subscriptions.create(order)).id);
  }
  await system.stripe.standIn?.settled();
  // What the events ask for is looked at meanwhile.
  await sleep(2000);
  const { data } = await stripe.events.list({ type: 'customer.subscription.created', limit: 100 });
  const first = data.find((event) => (event.data.object as Stripe.Subscription).id === objects[0]);
  return { event: JSON.stringify(first, null, 2), objects };
}

async function customerOf({ ask, url, user }: WholeSystem): Promise<string> {
  const session = await ask('POST', '/v1/sessions', { email: user.email, password: user.password });
  const [cookie = ''] = session.headers.getSetCookie()[0]?.split(';') ?? [];
  const answer = await fetch(`${url}/v1/billing/customer`, {
    method: 'PUT',
    headers: { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Ada', email: user.email }),
  });
  if (!answer.ok) throw new Error(`The customer -> ${answer.status} ${await answer.text()}`);
  const read = await fetch(`${url}/v1/billing/customer`, { headers: { cookie } });
  return ((await read.json()) as { customerId: string }).customerId;
}

/** What the gateway says of Stripe: nobody that it knows. */
async function tokenOf({ secrets }: WholeSystem): Promise<string> {
  const key = await readPrivateKey(secrets.privateKeyFile('gateway'));
  const caller = { ...anonymous, requestId: 'bench', sourceIp: '127.0.0.1', userAgent: null };
  return new InternalTokens('gateway', key, () => new Date()).sign('billing', caller);
}
