/** @promise P31 deliveries that never came change nothing in the end, and T0 is right */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isFailed } from '../stripe/stripe-failure.js';
import { livenessOf } from '../subscription/subscription.decider.js';
import { stripeAt } from '../testing/deliveries.js';
import { type History, historyOf } from '../testing/history.js';
import { type ObservedApp, observedApp } from '../testing/observed-app.js';
import { seenOf, whatMatters, whatStripeSays, withoutCards } from '../testing/what-matters.js';
import { Reconcile } from './reconcile.js';

let billing: ObservedApp;

beforeAll(async () => {
  billing = await observedApp();
});
afterAll(() => billing.stop());

async function newHistory(seed: number, organizationId: string = randomUUID()): Promise<Required<History>> {
  const history = { ...historyOf(seed), organizationId };
  billing.stripe.add(history);
  await billing.know(history, organizationId);
  return history;
}

async function reconcile() {
  const reconciled = await billing.app.get(Reconcile).run();
  if (reconciled === 'stopped') throw new Error('Nobody stopped it');
  return reconciled;
}

describe('the comparison with Stripe', () => {
  it('finds what no webhook reported, and says what it found', async () => {
    const history = await newHistory(31);
    const found = await reconcile();
    await billing.settled();
    if (isFailed(found)) throw new Error('Stripe did not answer');
    expect(found.customers).toBe(1);
    expect(found.objects).toBeGreaterThan(0);
    expect(found.events).toBeGreaterThan(0);
    const events = await billing.events(history.organizationId);
    expect(withoutCards(whatMatters(events))).toEqual(withoutCards(seenOf(whatStripeSays(history), events)));
    expect(billing.app.printed()).toContain('Compared with Stripe');
    const sources = events.flatMap(({ data }) => ('source' in data ? [data.source] : []));
    expect(new Set(sources)).toEqual(new Set(['reconciliation']));
    expect(await billing.metric('billing_reconciliation_repairs_total')).toMatch(
      /what="subscription"\} [1-9]/,
    );
  });

  it('finds nothing where everything is known', async () => {
    await reconcile();
    await billing.settled();
    expect(await reconcile()).toMatchObject({ events: 0, objects: 0 });
  });

  it('finds an object that changed without an event', async () => {
    const history = await newHistory(35);
    const stripe = [...stripeAt(history, Number.POSITIVE_INFINITY).values()];
    const changed = stripe.find((one) => one.type === 'subscription' && livenessOf(one.content) === 'live');
    if (changed?.type !== 'subscription') throw new Error('The history has no live subscription');
    await reconcile();
    await billing.settled();
    const last = Math.max(...history.steps.map(({ at }) => at)) + 10;
    const silent: History = {
      customerId: history.customerId,
      steps: [
        {
          at: last,
          objects: [
            {
              ...changed,
              content: { ...changed.content, status: 'canceled', endedAt: '2026-12-24T18:00:00.000Z' },
            },
          ],
          events: [],
        },
      ],
    };
    billing.stripe.add(silent);
    const before = await billing.events(history.organizationId);
    const wasOver = before.some(
      ({ type, data }) => type === 'subscription-ended' && data.subscriptionId === changed.id,
    );
    expect(wasOver).toBe(false);
    expect(await reconcile()).toMatchObject({ objects: 1 });
    await billing.settled();
    const events = await billing.events(history.organizationId);
    expect(
      events.filter(({ type, data }) => type === 'subscription-ended' && data.subscriptionId === changed.id),
    ).toHaveLength(1);
  });

  it('gives up while Stripe is unavailable, and loses nothing', async () => {
    const history = await newHistory(34);
    billing.stripe.fault = 500;
    const found = await reconcile();
    expect(isFailed(found)).toBe(true);
    billing.stripe.fault = 'none';
    await reconcile();
    await billing.settled();
    expect(whatMatters(await billing.events(history.organizationId)).allEndedAt).toBe(
      whatStripeSays(history).allEndedAt,
    );
  });

  it('ends early where the service stops, and is begun again', async () => {
    expect(await billing.app.get(Reconcile).run(() => Promise.resolve(false))).toBe('stopped');
  });

  it('is made again after a day, and asks for the events since the last one', async () => {
    // Each further page begins after an event.
    const asked = () => billing.stripe.queries.filter((query) => !query.includes('starting_after'));
    const before = asked().length;
    await billing.app.another();
    expect(asked()).toHaveLength(before);
    await billing.app.database.asWorker((sql) =>
      sql.query(
        `update reconciliation set (finished_at, events_listed_at)
           = (clock_timestamp() - interval '25 hours', clock_timestamp() - interval '25 hours')`,
      ),
    );
    await billing.app.another();
    await billing.compared();
    expect(asked()).toHaveLength(before + 1);
    const since = Number(new URLSearchParams(asked().at(-1)).get('created[gte]'));
    expect(Math.abs(Date.now() / 1000 - since - 49 * 3600)).toBeLessThan(600);
  });
});
