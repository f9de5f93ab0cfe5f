/** @promise P31 histories of another project's Stripe end as they ended there, and so does T0 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { python, withoutPython } from '@vouchsafe/testing';
import { Reconcile } from '../../services/billing/src/reconciliation/reconcile.ts';
import { type BillingApp, billingApp } from '../../services/billing/src/testing/billing-app.ts';
import { eventually } from '../system/eventually.ts';
import { type Localstripe, startLocalstripe, type Theirs } from './localstripe.ts';

const WEBHOOK_SECRET = 'whsec_of_localstripe';
/** localstripe waits for a second before it sends a webhook. */
const WEBHOOKS_MS = 1_500;

(python() === undefined ? describe.skip : describe)(`localstripe's histories${withoutPython()}`, () => {
  let theirs: Localstripe;
  let app: BillingApp;
  let relay: Server;
  /** What came by webhook, and how it was answered. */
  const delivered: { readonly type: string; readonly status: number }[] = [];

  beforeAll(async () => {
    relay = createServer((request, response) => {
      const passOn = async () => {
        const sent = await text(request);
        const { status } = await app.ask('POST', '/webhooks/stripe', {
          text: sent,
          headers: {
            'content-type': 'application/json',
            'stripe-signature': String(request.headers['stripe-signature']),
          },
        });
        delivered.push({ type: (JSON.parse(sent) as { type: string }).type, status });
        response.writeHead(status).end();
      };
      passOn().catch(() => response.writeHead(503).end());
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}/`;
    theirs = await startLocalstripe({ url, secret: WEBHOOK_SECRET });
    app = await billingApp({
      STRIPE_SECRET_KEY: 'sk_test_localstripe',
      STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
      VOUCHSAFE_STRIPE_API: theirs.url,
    });
    for (const [id, amount] of Object.entries({ team: '1900', business: '4900' }))
      await theirs.ask('POST', 'plans', {
        ...{ id, amount, currency: 'eur', interval: 'month', name: id, 'product[name]': id },
      });
  }, 300_000);
  afterAll(async () => {
    await app.stop();
    await theirs.stop();
    relay.closeAllConnections();
    relay.close();
  });

  interface Story {
    readonly customer: string;
    readonly organizationId: string;
    subscribe(plan: string, quantity: number): Promise<string>;
    card(token: string): Promise<void>;
  }

  /** A customer that billing made there. */
  async function newStory(): Promise<Story> {
    const organizationId = randomUUID();
    const body = { name: 'Ada Lovelace', email: 'ada@example.com' };
    const put = await app.ask('PUT', '/v1/billing/customer', { organizationId, body });
    expect(put.status).toBe(200);
    const { body: read } = await app.ask('GET', '/v1/billing/customer', { organizationId });
    const customer = read.customerId as string;
    return {
      customer,
      organizationId,
      subscribe: async (plan, quantity) =>
        (
          await theirs.ask('POST', 'subscriptions', {
            ...{ customer, 'items[0][plan]': plan, 'items[0][quantity]': String(quantity) },
          })
        ).id,
      card: async (token) => {
        const { id } = await theirs.ask('POST', `payment_methods/${token}/attach`, { customer });
        await theirs.ask('POST', `customers/${customer}`, { 'invoice_settings[default_payment_method]': id });
      },
    };
  }

  /** Until all that localstripe has told was looked at. */
  async function settled(): Promise<void> {
    await sleep(WEBHOOKS_MS);
    await eventually('Nothing is left to look at', async () => {
      const due = await app.database.asWorker((sql) =>
        sql.query('select from stripe_object where due_at is not null'),
      );
      return due.length === 0 ? true : undefined;
    });
  }

  const shown = async ({ organizationId }: Story, what: string) =>
    (await app.ask('GET', `/v1/billing/${what}?limit=100`, { organizationId })).body.items as Shown[];
  const listed = async ({ customer }: Story, what: string, more = '') =>
    (await theirs.ask<{ data: Theirs[] }>('GET', `${what}?customer=${customer}&limit=99${more}`)).data;
  const endOfAll = async ({ organizationId }: Story) => {
    const rows = await app.database.asWorker((sql) =>
      sql.query<{ ended: string }>(
        `select payload ->> 'endedAt' as ended from event
         where organization_id = $1 and type = 'all-subscriptions-ended' order by position`,
        [organizationId],
      ),
    );
    return rows.map(({ ended }) => Date.parse(ended) / 1000);
  };

  /** What billing shows is what is there. */
  async function expectTheSame(story: Story): Promise<void> {
    const [subscriptions, invoices] = [await shown(story, 'subscriptions'), await shown(story, 'invoices')];
    expect(sorted(subscriptions.map(ofShownSubscription))).toEqual(
      sorted((await listed(story, 'subscriptions', '&status=all')).map(ofSubscription)),
    );
    expect(sorted(invoices.map(ofShownInvoice))).toEqual(
      sorted((await listed(story, 'invoices')).map(ofInvoice)),
    );
  }

  it('of a subscription that is paid and ends: what their webhooks tell, and T0', async () => {
    const story = await newStory();
    await story.card('pm_card_visa');
    const id = await story.subscribe('team', 3);
    await settled();
    expect((await shown(story, 'subscriptions'))[0]).toMatchObject({ status: 'active', isLive: true });
    await expectTheSame(story);
    const { ended_at: ended } = await theirs.ask('DELETE', `subscriptions/${id}`);
    await settled();
    await expectTheSame(story);
    expect(await endOfAll(story)).toEqual([ended]);
  });

  it('of two subscriptions: T0 is the end of the last, and another one resumes', async () => {
    const story = await newStory();
    await story.card('pm_card_visa');
    const [first, second] = [await story.subscribe('team', 1), await story.subscribe('business', 1)];
    await theirs.ask('DELETE', `subscriptions/${first}`);
    await settled();
    expect(await endOfAll(story)).toEqual([]);
    const { ended_at: ended } = await theirs.ask('DELETE', `subscriptions/${second}`);
    await settled();
    expect(await endOfAll(story)).toEqual([ended]);
    await story.subscribe('team', 1);
    await settled();
    await expectTheSame(story);
  });

  it('of payments that fail: one that never was live leaves no T0', async () => {
    const story = await newStory();
    await story.card('pm_card_chargeCustomerFail');
    const id = await story.subscribe('team', 2);
    await settled();
    expect((await shown(story, 'subscriptions'))[0]).toMatchObject({ status: 'incomplete', isLive: false });
    await expectTheSame(story);
    const [invoice] = await listed(story, 'invoices');
    await theirs.ask('POST', `invoices/${invoice?.id ?? ''}/void`, {});
    // It tells of this by no webhook.
    await app.get(Reconcile).run();
    await settled();
    expect((await shown(story, 'subscriptions')).map(ofShownSubscription)).toMatchObject([
      { id, status: 'incomplete_expired' },
    ]);
    await expectTheSame(story);
    expect(await endOfAll(story)).toEqual([]);
  });

  it('of changes that they tell by no webhook: the comparison finds them', async () => {
    const story = await newStory();
    await story.card('pm_card_visa');
    const id = await story.subscribe('team', 1);
    await settled();
    const { items } = await theirs.ask<{ items: { data: Theirs[] } }>('GET', `subscriptions/${id}`);
    await theirs.ask('POST', `subscriptions/${id}`, {
      ...{ 'items[0][id]': items.data[0]?.id ?? '', 'items[0][plan]': 'business', 'items[0][quantity]': '7' },
    });
    await settled();
    expect((await shown(story, 'subscriptions')).map(ofShownSubscription)).toMatchObject([{ plan: 'team' }]);
    await app.get(Reconcile).run();
    await settled();
    expect((await shown(story, 'subscriptions')).map(ofShownSubscription)).toMatchObject([
      { plan: 'business', quantity: 7 },
    ]);
    await expectTheSame(story);
  });

  it('and each of their webhooks was taken, by their own signature', () => {
    expect(delivered.filter(({ status }) => status !== 204)).toEqual([]);
    const types = new Set(delivered.map(({ type }) => type));
    for (const type of [
      'customer.subscription.created',
      'customer.subscription.deleted',
      'invoice.payment_succeeded',
    ])
      expect([...types]).toContain(type);
  });
});

type Shown = Readonly<Record<string, unknown>>;
interface Subscription {
  readonly id: string;
  readonly status: unknown;
  readonly plan: unknown;
  readonly quantity: unknown;
  readonly ended: number | null;
}

function ofShownSubscription(shown: Shown): Subscription {
  const [item] = shown.items as Shown[];
  const ended = shown.endedAt === null ? null : Date.parse(shown.endedAt as string) / 1000;
  return {
    ...{ id: shown.subscriptionId as string, status: shown.status, ended },
    ...{ plan: item?.priceId, quantity: item?.quantity },
  };
}

function ofSubscription({ id, status, plan, quantity, ended_at: ended }: Theirs): Subscription {
  return { id, status, plan: (plan as Theirs).id, quantity, ended: ended as number | null };
}

function ofShownInvoice(shown: Shown) {
  const [total, paid] = [shown.total, shown.amountPaid] as Shown[];
  return { id: shown.invoiceId as string, status: shown.status, total: total?.amount, paid: paid?.amount };
}

function ofInvoice({ id, status, total, amount_paid: paid }: Theirs) {
  return { id, status, total, paid };
}

function sorted<One extends { readonly id: string }>(all: readonly One[]): One[] {
  return all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
