import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '@vouchsafe/testing';
import { openDataFolder } from '../start/data-folder.ts';
import { type RunningSystem, startSystem } from '../start/system.ts';
import type { Client } from './client.ts';
import { arrived, ask, type Evidence, forensicExport, proof, verification } from './evidence.ts';
import { expectThat, type Narrator } from './narrator.ts';
import { signUp } from './story.ts';

interface Subscription {
  readonly subscriptionId: string;
  readonly status: string;
  readonly endedAt: string | null;
  readonly observedAt: string;
}
interface Invoice {
  readonly invoiceId: string;
  readonly status: string;
  readonly amountPaid: { readonly amount: number };
}
interface Items<One> {
  readonly items: readonly One[];
}

/** One customer of a system of its own, and the stand-in's control routes. */
interface Scene {
  readonly narrator: Narrator;
  readonly owner: Client;
  readonly url: string;
  readonly control: (method: string, route: string, body?: object) => Promise<unknown>;
}

const PATH = '/v1/billing/subscriptions';

/**
 * Who pays (P31). The months of this story pass on the clock of the stand-in for Stripe, in a system of its own, of the kind `testing`, whose
 * folder goes with it.
 */
export async function billing(evidence: Evidence): Promise<void> {
  const folder = path.join(evidence.output, 'billing-system');
  await rm(folder, { recursive: true, force: true });
  evidence.narrator.step(
    'What takes months is played in a system of its own, with a stand-in for Stripe whose clock moves.',
  );
  // The keys of Stripe itself, where there are any, are not for this.
  for (const name of ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'])
    Reflect.deleteProperty(process.env, name);
  const port = await freePort();
  let system: RunningSystem | undefined;
  try {
    system = await startSystem({
      root: evidence.root,
      data: await openDataFolder(folder, () => undefined),
      port,
      say: () => undefined,
      env: { VOUCHSAFE_ENVIRONMENT: 'testing', VOUCHSAFE_PUBLIC_URL: `http://localhost:${port}` },
    });
    const scene = await sceneOf(system, evidence.narrator);
    const id = await subscribes(scene);
    await changesPlan(scene, id);
    await missesPayment(scene, id);
    await stripeIsAway(scene, id);
    await cancels(scene, id);
    await proves(evidence, scene);
  } finally {
    await system?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function sceneOf(system: RunningSystem, narrator: Narrator): Promise<Scene> {
  const { url, mailFolder, stripe } = system;
  // The tour has told how one signs up.
  let isTold = false;
  const fromNowOn: Narrator = {
    step: (title) => isTold && narrator.step(title),
    tell: (line) => isTold && narrator.tell(line),
  };
  const { browser } = await signUp({ url, mailFolder, narrator: fromNowOn });
  isTold = true;
  return {
    ...{ narrator, owner: browser, url },
    control: async (method, route, body) => {
      const answer = await fetch(`${stripe.url}/_stand-in/${route}`, {
        method,
        ...(body && { body: JSON.stringify(body) }),
      });
      expectThat(answer.ok, `The stand-in answered ${answer.status} to ${route}`);
      return answer.json();
    },
  };
}

async function subscribes({ narrator: { step, tell }, owner, url }: Scene): Promise<string> {
  step('What can be bought? Amounts are whole numbers in the smallest unit of the currency.');
  const prices = await arrived(async () => {
    const { items } = (await owner.get('/v1/billing/prices', { expect: 200, quiet: true })).json() as Items<{
      priceId: string;
      unitPrice: { amount: number; currency: string };
    }>;
    return some(items);
  });
  for (const { priceId, unitPrice } of prices) tell(`${priceId}: ${unitPrice.amount} ${unitPrice.currency}`);

  step('She opens Checkout. A declined card first, then one that pays.');
  const back = url.replace('127.0.0.1', 'localhost');
  const asked = {
    mode: 'subscription',
    priceId: 'price_team',
    quantity: 2,
    successUrl: `${back}/paid`,
    cancelUrl: back,
  };
  const session = (
    await owner.post('/v1/billing/checkout-sessions', { body: asked, expect: 201 })
  ).json() as { url: string };
  const fill = (card: string) =>
    fetch(session.url, { method: 'POST', body: new URLSearchParams({ card }), redirect: 'manual' });
  expectThat((await fill('4000 0000 0000 0002')).status === 402, 'The declined card was taken');
  const paid = await fill('4242 4242 4242 4242');
  expectThat(paid.headers.get('location') === `${back}/paid`, 'Checkout did not lead back');
  tell('declined, then paid; the card number went to Stripe’s page alone (P17)');

  step('Stripe’s signed webhook has come: she has a subscription, and its invoice is paid.');
  const [subscription] = await arrived(async () => some(await subscriptions(owner)));
  const [invoice] = await arrived(async () =>
    some(
      (
        (await owner.get('/v1/billing/invoices', { expect: 200, quiet: true })).json() as Items<Invoice>
      ).items.filter(({ status }) => status === 'paid'),
    ),
  );
  tell(`${subscription.subscriptionId}: ${subscription.status}\n${invoice.invoiceId}: ${invoice.status}`);
  return subscription.subscriptionId;
}

async function changesPlan({ narrator: { step, tell }, owner }: Scene, id: string): Promise<void> {
  step('She sees what another plan costs, and agrees to exactly that.');
  const body = { priceId: 'price_business', quantity: 3 };
  const preview = (await owner.post(`${PATH}/${id}/preview`, { body, expect: 200 })).json() as {
    token: string;
    dueNow: { amount: number; currency: string };
  };
  tell(`due now: ${preview.dueNow.amount} ${preview.dueNow.currency}`);
  await owner.patch(`${PATH}/${id}`, { body: { token: preview.token }, expect: 200 });
  await arrived(async () => {
    const { items } = (
      await owner.get('/v1/billing/invoices', { expect: 200, quiet: true })
    ).json() as Items<Invoice>;
    expectThat(
      items.some(({ amountPaid }) => amountPaid.amount === preview.dueNow.amount),
      'No invoice has the amount that was shown',
    );
    return true;
  });
  tell('the invoice has exactly that amount');
}

async function missesPayment(scene: Scene, id: string): Promise<void> {
  const {
    narrator: { step, tell },
    control,
  } = scene;
  step('A month later her card fails. The subscription is past due, and lives.');
  const methods = (await scene.owner.get('/v1/billing/payment-methods', { expect: 200 })).json() as Items<{
    paymentMethodId: string;
  }>;
  const card = methods.items[0]?.paymentMethodId;
  await control('POST', 'cards', { id: card, token: 'pm_card_chargeCustomerFail' });
  await control('POST', 'clock', { days: 32 });
  await becomes(scene, id, 'past_due');
  await arrived(() => ask(scene.owner, { operation: 'billing.payment-failed' }));
  step(
    'Her bank has mended it: Stripe’s next attempt succeeds. The webhook is sent 100 times more, and changes nothing.',
  );
  await control('POST', 'cards', { id: card, token: 'pm_card_visa' });
  await control('POST', 'clock', { days: 4 });
  await becomes(scene, id, 'active');
  const events = (await control('GET', 'events')) as readonly { id: string; type: string }[];
  const event = events.find(({ type }) => type === 'invoice.paid');
  const { taken } = (await control('POST', 'replays', { id: event?.id, times: 100 })) as { taken: number };
  expectThat(taken === 100, `The webhook was taken ${taken} times of 100`);
  tell('taken 100 times; her log is counted at the end');
}

async function stripeIsAway(scene: Scene, id: string): Promise<void> {
  const {
    narrator: { step, tell },
    owner,
    control,
  } = scene;
  step('Stripe is unavailable for an hour. What is known is shown, with its age, and an order is refused.');
  await control('POST', 'faults', { faults: [{ kind: 'away' }] });
  await control('POST', 'clock', { seconds: 3600 });
  const shown = (await owner.get(`${PATH}/${id}`, { expect: 200 })).json() as Subscription;
  tell(`observed at ${shown.observedAt}`);
  const headers = { 'idempotency-key': randomUUID() };
  await owner.post('/v1/billing/setup-intents', { headers, expect: 503 });
  step('Stripe is back: the same request, with its key, is carried out.');
  await control('POST', 'faults', { faults: [] });
  await owner.post('/v1/billing/setup-intents', { headers, expect: 201 });
}

async function cancels(scene: Scene, id: string): Promise<void> {
  const {
    narrator: { step, tell },
    owner,
    control,
  } = scene;
  step('She cancels at the end of the period, takes it back, and cancels again.');
  const cancel = () => owner.post(`${PATH}/${id}/cancellation`, { body: { at: 'period-end' }, expect: 200 });
  await cancel();
  await owner.delete(`${PATH}/${id}/cancellation`, { expect: 200 });
  await cancel();
  step(
    'The period ends, and with it her last subscription. That moment is T0: from it, deadlines of deletion count (P31).',
  );
  await control('POST', 'clock', { days: 31 });
  const { endedAt } = await becomes(scene, id, 'canceled');
  tell(`ended at ${String(endedAt)}`);
}

async function proves(evidence: Evidence, { narrator, owner }: Scene): Promise<void> {
  const { step, tell } = narrator;
  step('Payments and T0 are entries of her log, each once.');
  const [ended, ...more] = await arrived(() => ask(owner, { operation: 'billing.all-subscriptions-ended' }));
  expectThat(more.length === 0, 'T0 was recorded more than once');
  const payments = await ask(owner, { operation: 'billing.invoice-paid' });
  expectThat(payments.length === 3, `${payments.length} payments were recorded, not 3`);
  for (const { operation, index } of [...payments, ended]) tell(`${operation}, entry ${index}`);
  const own = { ...evidence, narrator, output: path.join(evidence.output, 'billing') };
  await proof(own, owner, payments[0]);
  await proof(own, owner, ended);
  const { bundle, keys } = await forensicExport(own, owner);
  await verification(own, bundle, keys, await readFile(bundle));
}

/** @throws StepFailed where there is nothing yet */
function some<One>([first, ...others]: readonly One[]): [One, ...One[]] {
  expectThat(first !== undefined, 'It has not arrived yet');
  return [first, ...others];
}

async function subscriptions(owner: Client): Promise<readonly Subscription[]> {
  return ((await owner.get(PATH, { expect: 200, quiet: true })).json() as Items<Subscription>).items;
}

async function becomes({ owner, narrator }: Scene, id: string, status: string): Promise<Subscription> {
  const [subscription] = await arrived(async () =>
    some((await subscriptions(owner)).filter((one) => one.subscriptionId === id && one.status === status)),
  );
  narrator.tell(`${id}: ${status}`);
  return subscription;
}
