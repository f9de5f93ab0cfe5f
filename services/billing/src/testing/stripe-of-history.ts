import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isErased } from '@vouchsafe/event-sourcing';
import { Stripe } from 'stripe';
import type { StripeObject } from '../observation/stripe-object.js';
import { stripeAt } from './deliveries.js';
import type { History, Step } from './history.js';

/** What requests are answered with, in place of what was asked for. */
type Fault = 'none' | 'refuses-connections' | 'half-an-answer' | 503 | 500 | 429 | 401 | 403 | 404;

export interface StripeOfHistory {
  readonly url: string;
  /** `GET /v1/subscriptions/sub_...` of every request that came. */
  readonly asked: string[];
  /** Of the requests for events. */
  readonly queries: string[];
  /** Customers that have a page of Checkout open. */
  readonly inCheckout: Set<string>;
  /** The moment at Stripe, in seconds. */
  now: number;
  fault: Fault;
  /** The fault is that of addresses that begin so. */
  faultAt: string;
  /** Called for each request before it is answered. */
  during: (route: string) => Promise<void>;
  /** Adds a customer with its history. @param mark by which the customer is known as ours */
  add(history: History, mark?: string): void;
  /** An event of one of its histories as Stripe sends it. */
  eventOf(event: Step['events'][number], at: number): StripeEventBody;
  stop(): Promise<void>;
}

export interface StripeEventBody {
  readonly id: string;
  readonly type: string;
  readonly livemode: boolean;
  readonly [name: string]: unknown;
}

export const WEBHOOK_SECRET = 'whsec_of_a_history';

/** The header that goes with a body that Stripe sends. @param at Unix seconds */
export function signatureOf(payload: string, at: number, secret = WEBHOOK_SECRET): string {
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: at });
}

type MarkedHistory = History & { readonly mark?: string };

/** Stripe as it is at some moment of histories: it answers reads and lists. */
export async function stripeOfHistory(): Promise<StripeOfHistory> {
  const histories: MarkedHistory[] = [];
  const stripe: Omit<StripeOfHistory, 'url' | 'stop'> = {
    asked: [],
    queries: [],
    inCheckout: new Set(),
    now: Number.POSITIVE_INFINITY,
    fault: 'none',
    faultAt: '/',
    during: () => Promise.resolve(),
    add: (history, mark) => histories.push(mark === undefined ? history : { ...history, mark }),
    eventOf: ({ type, objectId }, at) => ({
      // Nothing of the object is in it, as at Stripe.
      id: `evt_${createHash('sha256').update(`${objectId} ${type} ${at}`).digest('hex').slice(0, 24)}`,
      object: 'event',
      type,
      created: at,
      livemode: false,
      api_version: '2026-10-28.endive',
      pending_webhooks: 1,
      request: null,
      data: { object: aboutObject(type, objectId) },
    }),
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stripe');
    stripe.asked.push(`${request.method} ${url.pathname}`);
    if (url.pathname === '/v1/events') stripe.queries.push(url.search);
    void stripe.during(url.pathname).then(() => {
      const fault = url.pathname.startsWith(stripe.faultAt) ? stripe.fault : 'none';
      if (fault === 'refuses-connections') request.socket.destroy();
      else if (fault === 'half-an-answer') {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"id": "sub_', () => request.socket.destroy());
      } else if (fault !== 'none') answer(response, fault, errorOf(fault));
      else if (request.method === 'DELETE') deleteCustomer(stripe, histories, url, response);
      else respond(stripe, histories, url, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(stripe, {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

/** What the event of Stripe holds of the object: we read nothing but ids of it. */
function aboutObject(type: string, objectId: string): object {
  return type.startsWith('setup_intent.')
    ? { id: `seti_${objectId}`, object: 'setup_intent', payment_method: objectId }
    : { id: objectId };
}

function respond(
  stripe: Pick<StripeOfHistory, 'now' | 'eventOf' | 'inCheckout'>,
  histories: readonly History[],
  url: URL,
  response: ServerResponse,
): void {
  const [kind = '', id] = url.pathname.replace('/v1/radar/', '/v1/').split('/').slice(2);
  // What is added later goes on with the same objects.
  const objects = [...new Map(histories.flatMap((history) => [...stripeAt(history, stripe.now)])).values()];
  if (kind === 'events') {
    const events = histories.flatMap(({ steps }) =>
      steps
        .filter(({ at }) => at <= stripe.now)
        .flatMap(({ at, events: some }) => some.map((event) => stripe.eventOf(event, at))),
    );
    answer(response, 200, page(events, url));
    return;
  }
  if (kind === 'checkout') {
    const isOpen = stripe.inCheckout.has(url.searchParams.get('customer') ?? '');
    answer(response, 200, page(isOpen ? [{ id: 'cs_open' }] : [], url));
    return;
  }
  const type = types[kind];
  if (!type) {
    answer(response, 404, errorOf(404));
    return;
  }
  const ofType = objects.filter((object) => object.type === type);
  if (id !== undefined) {
    const found = ofType.find((object) => object.id === id);
    answer(response, found ? 200 : 404, found ? stripeFormOf(found, histories) : errorOf(404));
    return;
  }
  const customer = url.searchParams.get('customer');
  const listed = ofType.filter(
    (object) => object.type !== 'customer' && object.content.customerId === customer,
  );
  answer(
    response,
    200,
    page(
      listed.map((object) => stripeFormOf(object, histories)),
      url,
    ),
  );
}

/** Its cards are detached, and its subscriptions end. */
function deleteCustomer(
  { now }: Pick<StripeOfHistory, 'now'>,
  histories: MarkedHistory[],
  { pathname }: URL,
  response: ServerResponse,
): void {
  const customerId = pathname.split('/').at(-1) ?? '';
  const objects = histories.flatMap((history) => [...stripeAt(history, now).values()]);
  const last = objects.findLast(({ id }) => id === customerId);
  if (last?.type === 'customer' && last.content.isDeleted) {
    answer(response, 404, errorOf(404));
    return;
  }
  const gone = objects.flatMap((object): StripeObject[] => {
    if (object.type === 'payment_method' && object.content.customerId === customerId)
      return [{ ...object, content: { ...object.content, customerId: null } }];
    if (object.type === 'subscription' && object.content.customerId === customerId)
      return [{ ...object, content: { ...object.content, status: 'canceled' } }];
    return [];
  });
  const deleted: StripeObject = {
    type: 'customer',
    id: customerId,
    content: { isDeleted: true, defaultPaymentMethodId: null },
  };
  histories.push({ customerId, steps: [{ at: 0, objects: [...gone, deleted], events: [] }] });
  answer(response, 200, { id: customerId, object: 'customer', deleted: true });
}

const types: Readonly<Record<string, StripeObject['type']>> = {
  subscriptions: 'subscription',
  invoices: 'invoice',
  payment_methods: 'payment_method',
  customers: 'customer',
  refunds: 'refund',
  credit_notes: 'credit_note',
  disputes: 'dispute',
  early_fraud_warnings: 'early_fraud_warning',
};

function page(all: readonly { readonly id: string }[], url: URL): object {
  const after = url.searchParams.get('starting_after');
  const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const data = all.slice(from, from + Number(url.searchParams.get('limit') ?? 10));
  return { object: 'list', url: url.pathname, data, has_more: from + data.length < all.length };
}

function errorOf(status: number): object {
  const codes: Readonly<Record<number, object>> = {
    404: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such object' },
    403: {
      type: 'invalid_request_error',
      message: 'The provided key does not have the required permissions',
    },
    401: { type: 'invalid_request_error', message: 'Invalid API Key provided' },
    429: { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests' },
  };
  return { error: codes[status] ?? { type: 'api_error', message: 'An error' } };
}

function answer(response: ServerResponse, status: number, body: object): void {
  // Without it the SDK waits for seconds before it gives up.
  response.writeHead(status, { 'content-type': 'application/json', 'stripe-should-retry': 'false' });
  response.end(JSON.stringify(body));
}

const seconds = (text: string | null): number | null => (text === null ? null : Date.parse(text) / 1000);

/** The reverse of what billing keeps of an object. */
function stripeFormOf(
  object: StripeObject,
  histories: readonly MarkedHistory[],
): { readonly id: string; readonly [name: string]: unknown } {
  const { id } = object;
  switch (object.type) {
    case 'customer': {
      const { isDeleted, defaultPaymentMethodId } = object.content;
      if (isDeleted) return { id, object: 'customer', deleted: true };
      const { organizationId, mark } = histories.find(({ customerId }) => customerId === id) ?? {};
      return {
        id,
        object: 'customer',
        livemode: false,
        metadata: {
          ...(organizationId !== undefined && { vouchsafe_organization: organizationId }),
          ...(mark !== undefined && { vouchsafe_mark: mark }),
        },
        invoice_settings: { default_payment_method: defaultPaymentMethodId },
      };
    }
    case 'subscription': {
      const { content } = object;
      return {
        id,
        object: 'subscription',
        livemode: false,
        customer: content.customerId,
        status: content.status,
        currency: content.currency.toLowerCase(),
        created: seconds(content.createdAt),
        start_date: seconds(content.startedAt),
        trial_end: seconds(content.trialEnd),
        cancel_at: seconds(content.cancelsAt),
        cancel_at_period_end: false,
        canceled_at: seconds(content.canceledAt),
        ended_at: seconds(content.endedAt),
        pause_collection: content.collectionPaused ? { behavior: 'void' } : null,
        metadata: {},
        latest_invoice: null,
        items: {
          object: 'list',
          has_more: false,
          data: content.items.map((item) => ({
            id: item.itemId,
            object: 'subscription_item',
            quantity: item.quantity,
            current_period_start: seconds(content.currentPeriodStart),
            current_period_end: seconds(content.currentPeriodEnd),
            price: {
              id: item.priceId,
              object: 'price',
              unit_amount: item.unitAmount,
              recurring: { interval: item.interval, interval_count: item.intervalCount },
            },
          })),
        },
      };
    }
    case 'invoice': {
      const { content } = object;
      return {
        id,
        object: 'invoice',
        livemode: false,
        customer: content.customerId,
        parent: {
          type: 'subscription_details',
          subscription_details: { subscription: content.subscriptionId, metadata: {} },
        },
        number: content.number,
        status: content.status,
        billing_reason: content.billingReason,
        currency: content.currency.toLowerCase(),
        total: content.total,
        amount_due: content.amountDue,
        amount_paid: content.amountPaid,
        amount_remaining: content.amountRemaining,
        attempt_count: content.attemptCount,
        attempted: content.attempted,
        next_payment_attempt: seconds(content.nextAttemptAt),
        created: seconds(content.createdAt),
        due_date: seconds(content.dueAt),
        period_start: seconds(content.periodStart),
        period_end: seconds(content.periodEnd),
        invoice_pdf: `https://pay.stripe.example/${id}/secret-link/pdf`,
        hosted_invoice_url: `https://invoice.stripe.example/${id}/secret-link`,
        status_transitions: {
          finalized_at: seconds(content.finalizedAt),
          paid_at: seconds(content.paidAt),
          voided_at: seconds(content.voidedAt),
          marked_uncollectible_at: seconds(content.markedUncollectibleAt),
        },
      };
    }
    case 'refund':
    case 'credit_note':
    case 'dispute':
    case 'early_fraud_warning': {
      const { customerId, status, money, reason, invoiceId, createdAt } = object.content;
      return {
        id,
        object: object.type,
        status,
        reason,
        fraud_type: reason,
        invoice: invoiceId,
        amount: money?.amount,
        currency: money?.currency.toLowerCase(),
        created: seconds(createdAt),
        // A credit note names its customer; the others their payment, which is asked for with them.
        customer: object.type === 'credit_note' ? customerId : null,
        charge: { id: `ch_${id}`, object: 'charge', customer: customerId },
      };
    }
    case 'setup_intent':
    case 'payment_intent':
      throw new Error('No history has an intent');
    case 'payment_method': {
      const { customerId, kind, card, createdAt } = object.content;
      if (card === null || isErased(card)) throw new Error('A history has cards alone');
      return {
        id,
        object: 'payment_method',
        livemode: false,
        customer: customerId,
        type: kind,
        created: seconds(createdAt),
        card: {
          brand: card.brand,
          last4: card.last4,
          exp_month: card.expiryMonth,
          exp_year: card.expiryYear,
        },
      };
    }
  }
}
