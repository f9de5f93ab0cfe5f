/** An order that moves money is carried out once, wherever billing is killed, and whoever goes on with it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServiceProcess } from '../tools/start/service-process.ts';
import { drained } from './faults/drain.ts';
import { type Answer, type Client, freshKey } from './system/client.ts';
import { type Commit, type CommitGate, commitGate } from './system/commit-gate.ts';
import { eventually } from './system/eventually.ts';
import { type HeldStripe, heldStripe, type Side, type Write } from './system/held-stripe.ts';
import { makeApiKey, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';
import { saveCard, standIn } from './system/stripe.ts';

let folder: string;
let clock: string;
let stripe: HeldStripe;
let system: SystemUnderTest;
let gate: CommitGate;
let owner: Person;
let card: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-clock-'));
  clock = path.join(folder, 'offset');
  await writeFile(clock, '0\n');
  const started = Promise.withResolvers<string>();
  stripe = await heldStripe(started.promise);
  const env = { VOUCHSAFE_STRIPE_API: stripe.url, VOUCHSAFE_CLOCK_OFFSET_FILE: clock };
  system = await startForTests(env, { killsServices: true });
  started.resolve(system.stripe.url ?? '');
  gate = await commitGate(system.adminUrl, 'billing');
  owner = await signUp(system);
  card = await saveCard(system, owner.browser);
  await until('The prices', async () => {
    const { items } = (await owner.browser.must(200, 'GET', '/v1/billing/prices')) as { items: unknown[] };
    return items.length > 0;
  });
}, 180_000);
afterAll(async () => {
  await gate.stop();
  await system.stop();
  await stripe.stop();
  await rm(folder, { recursive: true });
}, 60_000);

/** An order of a person, as it is sent each time. */
interface Order {
  readonly by: Person;
  /** The entry of the log that it becomes. */
  readonly fact: string;
  readonly send: () => Promise<Answer>;
}

type Shown = Readonly<Record<string, unknown>>;
const shown = (answer: Answer | undefined): Shown => (answer?.json() ?? {}) as Shown;
const codeOf = (answer: Answer): unknown => shown(answer).code;
const idOf = (answer: Answer | undefined): unknown =>
  shown(answer).subscriptionId ?? shown(answer).checkoutSessionId;

async function subscribed(browser: Client): Promise<string> {
  const body = { priceId: 'price_team', quantity: 1, paymentMethodId: card };
  const made = await browser.must(201, 'POST', '/v1/billing/subscriptions', { body, headers: freshKey() });
  return (made as { subscriptionId: string }).subscriptionId;
}

/** Every order that moves money, each made ready to be sent. */
const orders: readonly (() => Promise<Order>)[] = [firstCheckout, subscription, change, cancellation];

/** The organization's first order of all, by which it becomes a customer of Stripe. */
async function firstCheckout(): Promise<Order> {
  const by = await signUp(system);
  const url = system.url.replace('127.0.0.1', 'localhost');
  const body = { mode: 'subscription', priceId: 'price_team', quantity: 2, successUrl: url, cancelUrl: url };
  const headers = freshKey();
  const send = () => by.browser.send('POST', '/v1/billing/checkout-sessions', { body, headers });
  return { by, fact: 'checkout-session-created', send };
}

function subscription(): Promise<Order> {
  const body = { priceId: 'price_team', quantity: 3, paymentMethodId: card };
  const headers = freshKey();
  const send = () => owner.browser.send('POST', '/v1/billing/subscriptions', { body, headers });
  return Promise.resolve({ by: owner, fact: 'subscription-requested', send });
}

async function change(): Promise<Order> {
  const at = `/v1/billing/subscriptions/${await subscribed(owner.browser)}`;
  const wanted = { body: { priceId: 'price_team', quantity: 5 } };
  const { token } = (await owner.browser.must(200, 'POST', `${at}/preview`, wanted)) as { token: string };
  const send = () => owner.browser.send('PATCH', at, { body: { token } });
  return { by: owner, fact: 'subscription-change-requested', send };
}

async function cancellation(): Promise<Order> {
  const at = `/v1/billing/subscriptions/${await subscribed(owner.browser)}/cancellation`;
  const headers = freshKey();
  const send = () => owner.browser.send('POST', at, { body: { at: 'now' }, headers });
  return { by: owner, fact: 'subscription-cancellation-requested', send };
}

/** Where billing stands when it is killed: at a commit, which is lost or kept, or at a request to Stripe, on either side of it. */
type Stop =
  | { readonly commit: Commit; readonly then: 'lost' | 'kept' }
  | { readonly write: string; readonly side: Side };

const shapeOf = ({ method, path: at }: Pick<Write, 'method' | 'path'>): string =>
  `${method} ${at.replace(/\?.*/, '').replace(/\bsub_\w+/, 'ID')}`;

/** All the places between two steps of an order, as it takes them when nothing happens to it. */
async function stopsOf({ by, send }: Order): Promise<Stop[]> {
  const before = stripe.writes.length;
  const answer = await send();
  expect([200, 201]).toContain(answer.status);
  const commits = await system.rows<{ type: string; operation: string | null }>(
    'billing',
    `select type, payload ->> 'operation' as operation from event
     where organization_id = $1 and (stream like 'intent-%' or stream like 'customer-%')
       and position >= (select max(position) from event where organization_id = $1 and type = 'intent-opened')`,
    [by.organizationId],
  );
  return [
    ...commits.flatMap(({ type, operation }) =>
      (['lost', 'kept'] as const).map((then) => ({ commit: `${type}/${operation ?? ''}` as const, then })),
    ),
    ...stripe.writes
      .slice(before)
      .flatMap((write) => (['before', 'after'] as const).map((side) => ({ write: shapeOf(write), side }))),
  ];
}

type Amounts = Readonly<Record<string, number>>;

/** How much there is at Stripe. */
async function amounts(): Promise<Amounts> {
  const kinds = ['customer', 'checkout.session', 'subscription', 'invoice', 'charge'];
  const count = async (kind: string) =>
    [kind, (await standIn<unknown[]>(system, 'GET', `objects?kind=${kind}`)).length] as const;
  return Object.fromEntries(await Promise.all(kinds.map(count)));
}

async function added(work: () => Promise<void>): Promise<Amounts> {
  const before = await amounts();
  await work();
  return sum([await amounts(), mapped(before, (count) => -count)]);
}

function sum(all: readonly Amounts[]): Amounts {
  return mapped(all[0] ?? {}, (_, kind) => all.reduce((total, one) => total + (one[kind] ?? 0), 0));
}

function mapped(all: Amounts, to: (count: number, kind: string) => number): Amounts {
  return Object.fromEntries(Object.entries(all).map(([kind, count]) => [kind, to(count, kind)]));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(what, async () => ((await is()) ? true : undefined));
}

/** Transactions of billing that have been open for a second. */
async function openTransactions(): Promise<string[]> {
  const rows = await system.rows<{ state: string }>(
    'billing',
    `select usename || ' ' || state as state from pg_stat_activity
     where usename like 'billing\\_%' and xact_start < clock_timestamp() - interval '1 second'`,
  );
  return rows.map(({ state }) => state);
}

async function killBilling(): Promise<void> {
  const process = system.service('billing');
  process.kill('SIGKILL');
  await process.exited;
}

/** Kills billing while each order stands at its stop. @returns how the orders were answered */
async function killedAt(sent: readonly Order[], stops: readonly Stop[]): Promise<Answer[]> {
  const commits = stops.flatMap((stop) => ('commit' in stop ? [stop] : []));
  await gate.close(commits.map(({ commit }) => commit));
  stripe.hold((write) => {
    const found = stops.find((stop) => 'write' in stop && stop.write === shapeOf(write));
    return found && 'side' in found ? found.side : undefined;
  });
  const answers = Promise.all(sent.map(({ send }) => send()));
  await until(`Every order at ${JSON.stringify(stops)}`, async () => {
    return stripe.held() + (await gate.waiting()) === stops.length;
  });
  await killBilling();
  await gate.end(commits.flatMap(({ commit, then }) => (then === 'lost' ? [commit] : [])));
  await gate.open();
  stripe.release();
  await until('The end of what was left', async () => (await gate.waiting()) === 0);
  return answers;
}

describe('an order that moves money', () => {
  const made: { readonly order: Order; readonly id: unknown }[] = [];

  it('is carried out once, wherever billing is killed, when it is sent again', async () => {
    const tried: {
      readonly prepare: () => Promise<Order>;
      readonly stops: Stop[];
      readonly adds: Amounts;
    }[] = [];
    for (const prepare of orders) {
      const order = await prepare();
      const stops: Stop[] = [];
      const adds = await added(async () => void stops.push(...(await stopsOf(order))));
      tried.push({ prepare, stops, adds });
    }
    expect(tried.map(({ stops }) => stops.length)).toEqual([10, 6, 6, 6]);
    const nothing = { customer: 0, 'checkout.session': 0, subscription: 0, invoice: 0, charge: 0 };
    expect(tried.map(({ adds }) => adds)).toEqual([
      { ...nothing, customer: 1, 'checkout.session': 1 },
      { ...nothing, subscription: 1, invoice: 1, charge: 1 },
      { ...nothing, invoice: 1, charge: 1 },
      nothing,
    ]);
    for (let nth = 0; tried.some(({ stops }) => nth < stops.length); nth += 1) {
      const round = tried.filter(({ stops }) => nth < stops.length);
      const at = round.flatMap(({ stops }) => stops[nth] ?? []);
      const ready = await Promise.all(round.map(({ prepare }) => prepare()));
      const seen = await added(async () => {
        const answers = await killedAt(ready, at);
        expect([at, answers.map(codeOf)]).toEqual([at, answers.map(() => 'upstream-failed')]);
        await system.restart('billing');
        const again = await Promise.all(ready.map(({ send }) => send()));
        const oncemore = await Promise.all(ready.map(({ send }) => send()));
        for (const { status } of again) expect([at, [200, 201].includes(status)]).toEqual([at, true]);
        expect([at, oncemore.map(({ text }) => text)]).toEqual([at, again.map(({ text }) => text)]);
        made.push(...ready.map((order, which) => ({ order, id: idOf(again[which]) })));
      });
      expect([at, seen]).toEqual([at, sum(round.map(({ adds }) => adds))]);
    }
  }, 180_000);

  it('is one entry of the customer’s log', async () => {
    expect(await drained(system)).toBeNull();
    const auditors = new Map<string, Client>();
    for (const { order, id } of made) {
      const { organizationId, browser } = order.by;
      const auditor =
        auditors.get(organizationId) ?? (await makeApiKey(system, browser, ['audit:read'])).client;
      auditors.set(organizationId, auditor);
      const query = { operation: `billing.${order.fact}`, limit: '100' };
      const { entries } = (await auditor.must(200, 'GET', '/v1/audit/entries', { query })) as {
        entries: { details: Shown; actor: Shown }[];
      };
      const own = entries.filter(({ details }) => details.objectId === id);
      expect(own.map(({ actor }) => actor)).toEqual([{ type: 'user', id: order.by.userId }]);
    }
  }, 120_000);

  it('holds no transaction open while Stripe is asked', async () => {
    const ready = await Promise.all(orders.map((prepare) => prepare()));
    stripe.hold(() => 'after');
    const answers = Promise.all(ready.map(({ send }) => send()));
    await until('Every order at Stripe', () => stripe.held() === orders.length);
    await pause(1500);
    expect(await openTransactions()).toEqual([]);
    // What is looked for is found where there is one.
    await gate.close(['intent-completed/subscription.create']);
    stripe.release();
    await until('A commit', async () => (await gate.waiting()) === 1);
    await until('A transaction of a second', async () => (await openTransactions()).length > 0);
    await gate.open();
    for (const { status } of await answers) expect([200, 201]).toContain(status);
  }, 60_000);
});

describe('of several instances', () => {
  let second: ServiceProcess;
  beforeAll(async () => {
    second = await system.another('billing');
  }, 60_000);
  afterAll(async () => {
    await writeFile(clock, '0\n');
    second.kill('SIGKILL');
    await second.exited;
  });

  /** Time passes, until the lease of a request that died is over. */
  const leaseEnds = () => writeFile(clock, '120000\n');
  const openIntents = async () => (await system.rows('billing', 'select 1 from intent')).length;

  it('one goes on with an order that nobody sends again, and each with another', async () => {
    // As many as billing asks of Stripe at once for one organization.
    const ready = await Promise.all(Array.from({ length: 4 }, subscription));
    const seen = await added(async () => {
      stripe.hold(() => 'before');
      const answers = Promise.all(ready.map(({ send }) => send()));
      await until('Every order at Stripe', () => stripe.held() === ready.length);
      await killBilling();
      await until('The end of its connections', () => stripe.abandoned() === ready.length);
      stripe.release();
      await answers;
      await system.restart('billing');
      const before = stripe.writes.length;
      stripe.hold(() => 'after');
      await leaseEnds();
      await until('Both at work', () => stripe.held() === 2);
      stripe.release();
      await until('The end of the orders', async () => (await openIntents()) === 0);
      const writes = stripe.writes.slice(before);
      expect(writes.map(({ replayed }) => replayed)).toEqual(ready.map(() => false));
      expect(new Set(writes.map(({ key }) => key)).size).toBe(ready.length);
      for (const { status } of await Promise.all(ready.map(({ send }) => send()))) expect(status).toBe(201);
    });
    expect(seen).toMatchObject({ subscription: 4, charge: 4 });
  }, 60_000);

  it('one goes on with the order of another that stands still, and wakes', async () => {
    await writeFile(clock, '0\n');
    const order = await subscription();
    const seen = await added(async () => {
      const before = stripe.writes.length;
      stripe.hold(() => (stripe.writes.length === before ? 'after' : undefined));
      const answer = order.send();
      await until('The order at Stripe', () => stripe.held() === 1);
      system.service('billing').kill('SIGSTOP');
      await leaseEnds();
      await until('The end of the order', async () => (await openIntents()) === 0);
      expect(stripe.writes.slice(before).map(({ replayed }) => replayed)).toEqual([false, true]);
      system.service('billing').kill('SIGCONT');
      stripe.release();
      const { status, text } = await answer;
      expect([status, (await order.send()).text]).toEqual([201, text]);
    });
    expect(seen).toMatchObject({ subscription: 1, charge: 1 });
    const [completed] = await system.rows<{ count: number }>(
      'billing',
      `select count(*)::int as count from event where type = 'intent-completed'
       group by stream order by count desc limit 1`,
    );
    expect(completed?.count).toBe(1);
  }, 60_000);
});
