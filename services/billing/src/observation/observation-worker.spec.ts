/** @promise P31 Stripe unavailable for a while, dead workers and late answers lose nothing and record nothing twice */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Vault } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { type History, historyOf, type Step } from '../testing/history.js';
import { type ObservedApp, observedApp } from '../testing/observed-app.js';
import { seenOf, whatMatters, whatStripeSays, withoutCards } from '../testing/what-matters.js';
import { Claims } from './claims.js';
import { ReadStripeObject } from './read-object.js';
import { RecordObservation } from './record-observation.js';

let billing: ObservedApp;

beforeAll(async () => {
  billing = await observedApp();
});
afterAll(() => billing.stop());

async function newHistory(seed: number): Promise<Required<History>> {
  const history = { ...historyOf(seed), organizationId: randomUUID() };
  billing.stripe.add(history);
  await billing.know(history, history.organizationId);
  return history;
}

async function deliverAll({ steps }: History): Promise<void> {
  for (const { at, events } of steps)
    for (const one of events) expect((await billing.deliver(one, at)).status).toBe(204);
}

async function waitFor(check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error('It never came');
    await sleep(20);
  }
}

async function same({ organizationId, ...history }: Required<History>): Promise<void> {
  const events = await billing.events(organizationId);
  expect(withoutCards(whatMatters(events))).toEqual(withoutCards(seenOf(whatStripeSays(history), events)));
}

/** What an instance says is wrong with objects that wait. */
async function errors(): Promise<readonly string[]> {
  const rows = await billing.app.database.asWorker((sql) =>
    sql.query<{ error: string }>('select distinct error from stripe_object where error is not null'),
  );
  return rows.map(({ error }) => error);
}

describe('while Stripe is unavailable', () => {
  it.each([
    ['refuses-connections', 'no-answer'],
    ['half-an-answer', /^(no|broken)-answer$/],
    [500, 'server-error'],
    [429, 'rate-limited'],
    [401, 'key-refused'],
  ] as const)(
    '(%s) webhooks are taken, and what they say is recorded later',
    async (fault, error) => {
      const history = await newHistory(40 + (typeof fault === 'number' ? fault : fault.length));
      billing.stripe.fault = fault;
      await deliverAll(history);
      await waitFor(async () => (await errors()).length > 0);
      expect((await errors())[0]).toMatch(error);
      expect(await billing.events(history.organizationId)).toHaveLength(1);
      billing.stripe.fault = 'none';
      await billing.settled();
      await same(history);
    },
    60_000,
  );
});

describe.each([
  [503, 'server-error'],
  [403, 'key-not-permitted'],
] as const)('a type of object that Stripe does not give (%i)', (fault, error) => {
  const disputes = Array.from({ length: 8 }, (_, nth) => `dp_${fault}x${nth}`);
  const change = (set: string) =>
    billing.app.database.asWorker((sql) =>
      sql.query(`update stripe_object set ${set} where object_id = any ($1)`, [disputes]),
    );
  const tried = () =>
    billing.app.database.asWorker((sql) =>
      sql.query<{ attempts: number; error: string; waits: boolean }>(
        `select attempts, error, due_at > clock_timestamp() as waits from stripe_object
         where object_id = any ($1) and leased_until is null and attempts > 0`,
        [disputes],
      ),
    );

  afterAll(async () => {
    Object.assign(billing.stripe, { fault: 'none', faultAt: '/' });
    // There are no such disputes, as Stripe can now say.
    await change('due_at = clock_timestamp()');
    await billing.settled();
  });

  it('is the trouble of its objects: each is tried again later and later', async () => {
    const pauses = /outcome="unavailable"\} (\d+)/;
    const before = pauses.exec(await billing.metric('billing_observations_total'))?.[1];
    Object.assign(billing.stripe, { fault, faultAt: '/v1/disputes/' });
    for (const objectId of disputes)
      expect((await billing.deliver({ type: 'charge.dispute.created', objectId }, 0)).status).toBe(204);
    await waitFor(async () => (await tried()).length === disputes.length);
    // As if it had gone on for a while.
    await change('attempts = 4, due_at = clock_timestamp()');
    await waitFor(async () => (await tried()).filter(({ attempts }) => attempts === 5).length === 8);
    expect(await tried()).toEqual(Array(8).fill({ attempts: 5, error, waits: true }));
    expect(await billing.metric('billing_objects_waiting')).toMatch(/state="failing"\} 8/);
    // Nothing else waits for them.
    expect(pauses.exec(await billing.metric('billing_observations_total'))?.[1]).toBe(before);
  });

  it('comes after every object that has not failed, however long it is due', async () => {
    const history = await newHistory(80 + Math.floor(fault / 100));
    const id = lastEnded(history);
    billing.stripe.asked.splice(0);
    await billing.app.database.asWorker((sql) =>
      sql.query(
        `with failing as (update stripe_object set due_at = clock_timestamp() - interval '1 hour' where object_id = any ($1))
         insert into stripe_object (object_id, object_type, source, requested, due_at)
         values ($2, 'subscription', 'webhook', 1, clock_timestamp())`,
        [disputes, id],
      ),
    );
    await waitFor(async () =>
      (await billing.events(history.organizationId)).some(({ type }) => type === 'subscription-ended'),
    );
    // Four are read at the same time.
    expect(billing.stripe.asked.indexOf(`GET /v1/subscriptions/${id}`)).toBeLessThan(4);
  });
});

describe('a worker', () => {
  it('has no transaction open while Stripe is asked', async () => {
    const history = await newHistory(51);
    const [open, asked]: [number[], number[]] = [[], []];
    billing.stripe.during = async () => {
      asked.push(Date.now());
      await sleep(300);
      const rows = await billing.app.database.asWorker((sql) =>
        sql.query(
          `select from pg_stat_activity where usename = current_user and state like 'idle in transaction%'
             and state_change < clock_timestamp() - interval '200 ms'`,
        ),
      );
      open.push(rows.length);
    };
    await billing.app.get(Claims).request({ type: 'subscription', id: lastEnded(history) }, 'reconciliation');
    await billing.settled();
    billing.stripe.during = () => Promise.resolve();
    // The subscription, and the others of its customer.
    expect(open).toEqual([0, 0]);
    // What was read is not newer than the first request.
    const events = await billing.events(history.organizationId);
    const observed = events.findLast((one) => one.type === 'subscription-observed');
    expect(Date.parse(observed?.data.fetchedAt ?? '')).toBeLessThanOrEqual(asked[0] ?? 0);
  });

  it('that comes late with an older answer records nothing', async () => {
    const history = await newHistory(52);
    const [claims, reading, recording] = [Claims, ReadStripeObject, RecordObservation] as const;
    const id = lastEnded(history);
    billing.stripe.now = history.steps.find(({ objects }) => objects.some((one) => one.id === id))?.at ?? 0;
    // As another instance would: claimed, read, and then nothing for longer than its lease.
    const late = {
      type: 'subscription',
      id,
      lease: '0',
      requested: '1',
      attempts: 1,
      source: 'webhook',
      eventId: null,
    } as const;
    const read = await billing.app.get(reading).read(late);
    if (isFailed(read)) throw new Error('Stripe did not answer');
    billing.stripe.now = Number.POSITIVE_INFINITY;
    await billing.app.get(claims).request({ type: 'subscription', id }, 'reconciliation');
    await billing.settled();
    expect(await billing.app.get(recording).record(late, read)).toBe('lost-lease');
    const events = await billing.events(history.organizationId);
    expect(events.filter(({ type }) => type === 'subscription-observed')).toHaveLength(1);
  });

  it('takes up what a dead one had begun', async () => {
    const history = await newHistory(53);
    await billing.app.database.asWorker((sql) =>
      sql.query(
        `insert into stripe_object (object_id, object_type, source, requested, due_at, attempts, lease, leased_until)
         values ($1, 'subscription', 'webhook', 1, clock_timestamp(), 1, 1, clock_timestamp() + interval '1 second')`,
        [lastEnded(history)],
      ),
    );
    await billing.settled();
    const events = await billing.events(history.organizationId);
    expect(events.filter(({ type }) => type === 'subscription-ended')).toHaveLength(1);
  });

  it.each([
    ['no customer of ours', historyOf(5400)],
    [
      'the customer of another system, though it names an organization',
      { ...historyOf(5401), organizationId: randomUUID() },
    ],
  ])('leaves what is %s', async (_, history: History) => {
    billing.stripe.add(history, 'of another system');
    const left = async () =>
      Number(/outcome="not-ours"\} (\d+)/.exec(await billing.metric('billing_observations_total'))?.[1]);
    const before = await left();
    const [step] = history.steps;
    const [event] = step?.events ?? [];
    if (!step || !event) throw new Error('The history is empty');
    await billing.deliver(event, step.at);
    await billing.settled();
    await waitFor(async () => (await left()) > before);
  });

  it('waits for our own record of a customer that carries our organization and our mark', async () => {
    const organizationId = randomUUID();
    const mark = await billing.app.database.forOrganization(organizationId, (sql) =>
      billing.app.get(Vault).keyedHash(sql, storedNames.customerMark, organizationId),
    );
    const history = { ...historyOf(55), organizationId };
    billing.stripe.add(history, mark.toString('base64url'));
    const [step] = history.steps;
    await deliverAll({ ...history, steps: step ? [step] : [] });
    await waitFor(async () => (await errors()).includes('unknown-customer'));
    await billing.know(history, history.organizationId);
    await billing.settled();
    const events = await billing.events(history.organizationId);
    expect(events.map(({ type }) => type)).toContain('stripe-customer-observed');
  });

  it('goes on trying what cannot be recorded, and shows it', async () => {
    const history = await newHistory(56);
    const broken: Step = {
      at: 0,
      objects: [
        {
          type: 'customer',
          id: 'cus_broken',
          // As Stripe might say it one day.
          content: { isDeleted: false, defaultPaymentMethodId: 'something-else' },
        },
      ],
      events: [{ type: 'customer.updated', objectId: 'cus_broken' }],
    };
    const strange = { customerId: 'cus_broken', organizationId: history.organizationId, steps: [broken] };
    billing.stripe.add(strange);
    await billing.know(strange, randomUUID());
    await billing.deliver({ type: 'customer.updated', objectId: 'cus_broken' }, 0);
    await waitFor(async () => (await errors()).includes('not-recorded'));
    expect(billing.app.printed()).toContain('An object of Stripe could not be recorded');
    await billing.app.database.asWorker((sql) =>
      sql.query(`update stripe_object set attempts = 5 where object_id = 'cus_broken'`),
    );
    expect(await billing.metric('billing_objects_waiting')).toMatch(/state="failing"\} 1/);
    await billing.app.database.asWorker((sql) =>
      sql.query(`update stripe_object set due_at = null where object_id = 'cus_broken'`),
    );
  });
});

describe('two instances', () => {
  it('share the work, and record each change once', async () => {
    await billing.app.another();
    const histories = await Promise.all([61, 62, 63, 64].map(newHistory));
    const sent = histories.flatMap(({ steps }) =>
      steps.flatMap(({ at, events }) => events.map((one) => ({ at, one }))),
    );
    await Promise.all([...sent, ...sent.reverse()].map(({ at, one }) => billing.deliver(one, at)));
    await billing.settled();
    for (const history of histories) await same(history);
  }, 60_000);
});

describe('a clock that is an hour off', () => {
  it.each([-3_600_000, 3_600_000])(
    '(%i ms) refuses webhooks aloud, and reads what is due all the same',
    async (ahead) => {
      const history = await newHistory(70 + Math.sign(ahead));
      billing.app.clock.ahead = ahead;
      const [step] = history.steps;
      const [event] = step?.events ?? [];
      if (!step || !event) throw new Error('The history is empty');
      const payload = JSON.stringify(billing.stripe.eventOf(event, step.at));
      const { signatureOf } = await import('../testing/stripe-of-history.js');
      const answer = await billing.send(payload, {
        'stripe-signature': signatureOf(payload, Math.floor(Date.now() / 1000)),
      });
      expect(answer).toMatchObject({ status: 400, body: { reason: 'wrong-time' } });
      expect(billing.app.printed()).toContain('A webhook is refused for its time');
      await billing.app
        .get(Claims)
        .request({ type: 'subscription', id: lastEnded(history) }, 'reconciliation');
      await billing.settled();
      billing.app.clock.ahead = 0;
      const events = await billing.events(history.organizationId);
      expect(events.filter(({ type }) => type === 'subscription-ended')).toHaveLength(1);
    },
  );
});

function lastEnded(history: History): string {
  const ended = whatStripeSays(history)
    .facts.filter((fact) => fact.startsWith('subscription-ended'))
    .at(-1);
  if (ended === undefined) throw new Error('No subscription of the history has ended');
  return ended.split(' ')[1] ?? '';
}
