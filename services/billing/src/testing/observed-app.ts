import { setTimeout as sleep } from 'node:timers/promises';
import { isRejected, organizationId as organizationIdOf } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { customerAggregate } from '../customer/customer.aggregate.js';
import { type Answer, type BillingApp, billingApp } from './billing-app.js';
import type { followed } from './follow-history.js';
import type { History, Step } from './history.js';
import { signatureOf, type StripeOfHistory, stripeOfHistory, WEBHOOK_SECRET } from './stripe-of-history.js';

type BillingEvent = ReturnType<typeof followed>[number];

export interface ObservedApp {
  readonly app: BillingApp;
  readonly stripe: StripeOfHistory;
  /** Makes the history's customer that of an organization. */
  know(history: History, organizationId: string): Promise<void>;
  /** Sends an event as Stripe does. */
  deliver(event: Step['events'][number], at: number): Promise<Answer>;
  /** Sends a text with a signature, or without. */
  send(text: string, headers: Readonly<Record<string, string>>): Promise<Answer>;
  /** Sends all events of a history, and waits until they are recorded. */
  deliverAll(history: History): Promise<void>;
  /** Waits until nothing is left to look at. */
  settled(): Promise<void>;
  /** Waits until a daily comparison is not older than an hour. */
  compared(): Promise<void>;
  /** What was recorded of an organization. */
  events(organizationId: string): Promise<readonly BillingEvent[]>;
  metric(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** Billing on a real Postgres, and Stripe as it is in histories. */
export async function observedApp(more: Readonly<Record<string, string>> = {}): Promise<ObservedApp> {
  const stripe = await stripeOfHistory();
  const app = await billingApp({
    STRIPE_SECRET_KEY: 'sk_test_history',
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    VOUCHSAFE_STRIPE_API: stripe.url,
    ...more,
  });
  // The one of the first start: histories come later.
  await compared(app);
  const send: ObservedApp['send'] = (text, headers) =>
    app.ask('POST', '/webhooks/stripe', {
      text,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const deliver: ObservedApp['deliver'] = async (event, at) => {
    const payload = JSON.stringify(stripe.eventOf(event, at), null, 2);
    const now = Math.floor((Date.now() + app.clock.ahead) / 1000);
    return send(payload, { 'stripe-signature': signatureOf(payload, now) });
  };
  return {
    app,
    stripe,
    send,
    know: (history, organizationId) => know(app, history, organizationId),
    deliver,
    deliverAll: async ({ steps }) => {
      for (const { at, events } of steps)
        for (const one of events) {
          const { status } = await deliver(one, at);
          if (status !== 204) throw new Error(`A webhook was answered with ${status}`);
        }
      await settled(app);
    },
    settled: () => settled(app),
    compared: () => compared(app),
    events: async (organizationId) =>
      app.database.asWorker((sql) =>
        sql.query<BillingEvent>(
          'select type, payload as data from event where organization_id = $1 order by position',
          [organizationId],
        ),
      ),
    metric: async (name) => (await app.service.metrics.registry.getSingleMetricAsString(name)).trim(),
    stop: async () => {
      await app.stop();
      await stripe.stop();
    },
  };
}

/** Makes the history's customer that of an organization. */
export async function know(app: BillingApp, { customerId }: History, organizationId: string): Promise<void> {
  const id = organizationIdOf.parse(organizationId);
  const envelope = {
    actor: { type: 'service', id: 'billing' },
    occurredAt: new Date(),
    requestId: null,
  } as const;
  const created = await app
    .get(EventStore)
    .transact(organizationId, envelope, (unit) =>
      unit.execute(customerAggregate, id, { type: 'create', organizationId: id, customerId, replaces: null }),
    );
  if (isRejected(created)) throw new Error(created.rejected);
}

function compared(app: BillingApp): Promise<void> {
  return until(app, `select from reconciliation where finished_at > clock_timestamp() - interval '1 hour'`);
}

function settled(app: BillingApp): Promise<void> {
  return until(app, 'select where not exists (select from stripe_object where due_at is not null)');
}

const PATIENCE_MS = 30_000;

/** Waits until a query has a row. */
async function until(app: BillingApp, query: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while ((await app.database.asWorker((sql) => sql.query(query))).length === 0) {
    if (performance.now() > end) throw new Error(`It never came: ${query}`);
    await sleep(20);
  }
}
