/** @promise P31 no organization's data is deleted before Stripe has said afresh that no subscription is live */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataOf, lifecycleFacts } from '@vouchsafe/contracts';
import { organizationId as organizationIdOf } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import type { ReactionContext, Received } from '@vouchsafe/messaging';
import { PurgeChecksController } from '../reactions/purge-checks.controller.js';
import { type BillingApp, billingApp } from '../testing/billing-app.js';
import type { History } from '../testing/history.js';
import { know, type ObservedApp, observedApp } from '../testing/observed-app.js';
import { active, canceled, incomplete } from '../testing/subscriptions.js';

const DAY_MS = 86_400_000;

let billing: ObservedApp;
let organizationId: string;
let customerId: string;
let subscriptionId: string;

beforeAll(async () => {
  billing = await observedApp();
});
afterAll(() => billing.stop());
beforeEach(() => {
  organizationId = randomUUID();
  customerId = `cus_${organizationId.replaceAll('-', '')}`;
  subscriptionId = customerId.replace('cus', 'sub');
});

/** What lifecycle says, as it arrives. */
type Said = Received<DataOf<typeof lifecycleFacts.purgeProposed>>;
async function said(how: 'takeOn' | 'forget', epoch: number, app = billing.app): Promise<void> {
  const fact = { data: { organizationId, epoch } } as unknown as Said;
  await app.database.asWorker((transaction) =>
    app.get(PurgeChecksController)[how](fact, { transaction } as unknown as ReactionContext),
  );
}
const propose = (epoch = 1, app?: BillingApp) => said('takeOn', epoch, app);

/** The customer of the organization at Stripe, with a subscription as it is from now on. */
async function customerWith(content: typeof active): Promise<History> {
  const history: History = {
    ...{ customerId, organizationId },
    steps: [
      {
        at: 0,
        objects: [
          { type: 'customer', id: customerId, content: { isDeleted: false, defaultPaymentMethodId: null } },
          { type: 'subscription', id: subscriptionId, content: { ...content, customerId } },
        ],
        events: [],
      },
    ],
  };
  billing.stripe.add(history);
  await billing.know(history, organizationId);
  return history;
}

async function found(app = billing.app): Promise<unknown[]> {
  const rows = await app.database.asWorker((sql) =>
    sql.query<{ epoch: number }>(
      `select (payload->>'epoch')::int as epoch from event where stream = $1 order by position`,
      [`purge-check-${organizationId}`],
    ),
  );
  return rows.map(({ epoch }) => epoch);
}

/** The check that is left, and in how many hours it is due. */
async function left(): Promise<number | undefined> {
  const [row] = await billing.app.database.asWorker((sql) =>
    sql.query<{ due: number }>(
      'select extract(epoch from due_at)::float8 * 1000 as due from purge_check where organization_id = $1',
      [organizationId],
    ),
  );
  return row && (row.due - Date.now() - billing.app.clock.ahead) / 3_600_000;
}

async function until(check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error('It never came');
    await sleep(50);
  }
}
const untilFound = (...epochs: number[]) =>
  until(async () => JSON.stringify(await found()) === JSON.stringify(epochs));
const asked = () => billing.stripe.asked.filter((route) => route.includes(customerId)).length;

describe('before a purge', () => {
  it('nothing is live where there is no customer at Stripe, nor where nothing is sold', async () => {
    await propose();
    await untilFound(1);
    expect(await left()).toBeUndefined();
    const unsold = await billingApp();
    try {
      await propose(1, unsold);
      await until(async () => (await found(unsold)).length === 1);
      // Known from the time when there was a key: who could say what it has at Stripe?
      await know(unsold, { customerId, steps: [] }, organizationId);
      await propose(2, unsold);
      await until(() => Promise.resolve(unsold.printed().includes('STRIPE_SECRET_KEY is not set')));
      expect(await found(unsold)).toEqual([1]);
    } finally {
      await unsold.stop();
    }
  });

  it('Stripe is asked about what has ended, whatever we know of it', async () => {
    await customerWith(canceled);
    await propose();
    await untilFound(1);
    expect(asked()).toBeGreaterThan(0);
    expect(await left()).toBeUndefined();
  });

  it('a live subscription is read, lifecycle hears of it, and Stripe is asked again a day later', async () => {
    const history = await customerWith(active);
    await propose();
    await until(async () => ((await left()) ?? 0) > 23);
    await billing.settled();
    const types = (await billing.events(organizationId)).map(({ type }) => type);
    expect(types).toContain('subscription-started');
    expect(await found()).toEqual([]);
    billing.stripe.add({
      ...history,
      steps: [
        {
          at: 0,
          objects: [{ type: 'subscription', id: subscriptionId, content: { ...canceled, customerId } }],
          events: [],
        },
      ],
    });
    await sleep(1500);
    expect(await found()).toEqual([]);
    billing.app.clock.ahead += DAY_MS;
    await untilFound(1);
  });

  it('what can still be paid is not over, and Stripe is asked again a day later', async () => {
    await customerWith(canceled);
    billing.stripe.inCheckout.add(customerId);
    await propose();
    await until(async () => ((await left()) ?? 0) > 23);
    billing.stripe.inCheckout.delete(customerId);
    const history = await customerWith(incomplete);
    billing.app.clock.ahead += DAY_MS;
    await until(async () => ((await left()) ?? 0) > 23);
    expect(await found()).toEqual([]);
    const expired = { ...incomplete, status: 'incomplete_expired', customerId } as const;
    const content = { type: 'subscription', id: subscriptionId, content: expired } as const;
    billing.stripe.add({ ...history, steps: [{ at: 0, objects: [content], events: [] }] });
    billing.app.clock.ahead += DAY_MS;
    await untilFound(1);
  });

  it('it is asked again and again while Stripe is away, and nothing is concluded', async () => {
    await customerWith(canceled);
    billing.stripe.faultAt = '/v1/customers/';
    for (const fault of ['refuses-connections', 500, 401, 429, 404] as const) {
      billing.stripe.fault = fault;
      const before = asked();
      if ((await left()) === undefined) await propose();
      billing.app.clock.ahead += 3_600_000;
      await until(() => Promise.resolve(asked() > before));
      if (fault !== 404) expect([fault, await found()]).toEqual([fault, []]);
    }
    billing.stripe.fault = 'none';
    billing.app.clock.ahead += 3_600_000;
    await untilFound(1);
  });

  it('one answer is given, however often it is asked for, and another for the next termination', async () => {
    await propose();
    await propose();
    await untilFound(1);
    await propose();
    await until(async () => (await left()) === undefined);
    expect(await found()).toEqual([1]);
    await propose(2);
    await untilFound(1, 2);
    await propose(1);
    await until(async () => (await left()) === undefined);
    expect(await found()).toEqual([1, 2]);
  });

  it('no answer is given for an organization that comes back while Stripe is asked', async () => {
    await customerWith(canceled);
    billing.stripe.during = async (route) => {
      if (route.includes(customerId)) await said('forget', 1);
    };
    await propose();
    await until(() => Promise.resolve(billing.stripe.asked.includes('GET /v1/subscriptions') && asked() > 0));
    billing.stripe.during = () => Promise.resolve();
    await sleep(1500);
    expect([await found(), await left()]).toEqual([[], undefined]);
  });

  it('an earlier termination that is over takes no later check away', async () => {
    await customerWith(active);
    await propose(2);
    await said('forget', 1);
    expect(await left()).toBeDefined();
  });

  it('goes on where its process was killed between the question and the answer', async () => {
    await customerWith(canceled);
    const store = billing.app.get(EventStore);
    const unit = store.unit.bind(store);
    let killed = 0;
    store.unit = (transaction, organization, envelope) => {
      if (organization !== organizationIdOf.parse(organizationId))
        return unit(transaction, organization, envelope);
      killed += 1;
      throw new Error('Killed by the test');
    };
    try {
      await propose();
      await until(() => Promise.resolve(killed > 0));
      expect([await found(), (await left()) !== undefined]).toEqual([[], true]);
    } finally {
      store.unit = unit;
    }
    billing.app.clock.ahead += 3_600_000;
    await untilFound(1);
  });
});
