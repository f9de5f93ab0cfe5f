import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A value as it comes in a form, nested by brackets. */
export interface Form {
  readonly [name: string]: string | Form | undefined;
}
export type Made = Record<string, unknown> & { readonly id: string; readonly object: string };

/**
 * What goes wrong with the next requests: `lost` carries out and does not answer, `half` answers half, `silent` drops the connection
 * before it does anything; a number is a status that is answered in place of doing anything, and kept for the key where Stripe would.
 */
export type Fault = 'lost' | 'half' | 'silent' | number;

export interface SmallStripe {
  readonly url: string;
  /** Everything that was made, in order. */
  readonly made: Made[];
  /** `POST /v1/customers` of every request that came. */
  readonly asked: string[];
  /** Those that were carried out and not repeated, and what they were given. */
  readonly changes: string[];
  readonly forms: Form[];
  /** For each request that comes, before anything is done: what goes wrong with it. */
  fault: (route: string) => Fault | undefined;
  /** Called while a request is being handled; the caller of the service waits. */
  during: (route: string) => Promise<void>;
  /** As Stripe does after a day. */
  forgetKeys(): void;
  of(object: string): Made[];
  stop(): Promise<void>;
}

interface Kept {
  readonly parameters: string;
  readonly status: number;
  readonly body: object;
}

/** A little of Stripe, in memory: keys, lists, and what the commands of this service make. */
export async function smallStripe(): Promise<SmallStripe> {
  const kept = new Map<string, Kept>();
  const stripe: Omit<SmallStripe, 'url' | 'stop'> = {
    made: [],
    asked: [],
    changes: [],
    forms: [],
    fault: () => undefined,
    during: () => Promise.resolve(),
    forgetKeys: () => kept.clear(),
    of: (object) => stripe.made.filter((one) => one.object === object),
  };
  const server = createServer((request, response) => void handle(stripe, kept, request, response));
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

async function handle(
  stripe: Omit<SmallStripe, 'url' | 'stop'>,
  kept: Map<string, Kept>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://stripe');
  const route = `${request.method} ${url.pathname}`;
  const text = Buffer.concat(chunks).toString();
  stripe.asked.push(route);
  await stripe.during(route);
  const fault = stripe.fault(route);
  if (fault === 'silent') {
    request.socket.destroy();
    return;
  }
  const key = request.headers['idempotency-key'] as string | undefined;
  const answer = (body: object, status = 200, replayed = false) => {
    const json = JSON.stringify(body);
    if (fault === 'lost') {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(json)),
      ...(replayed && { 'idempotent-replayed': 'true' }),
    });
    if (fault === 'half') response.write(json.slice(0, json.length / 2), () => request.socket.destroy());
    else response.end(json);
  };
  // Turned away before it is looked at.
  if (fault === 401 || fault === 429) {
    answer({ error: { type: 'api_error', message: 'Not now' } }, fault);
    return;
  }
  const before = key === undefined ? undefined : kept.get(key);
  if (before && before.parameters !== route + text) {
    answer({ error: { type: 'idempotency_error', message: 'other parameters' } }, 400);
    return;
  }
  if (before) {
    answer(before.body, before.status, true);
    return;
  }
  const [status, body] =
    typeof fault === 'number'
      ? [fault, { error: { type: 'api_error', message: 'Something went wrong' } }]
      : carriedOut(stripe, route, formOf(request.method === 'GET' ? url.search.slice(1) : text));
  // Neither what was turned away nor what was not valid is kept.
  if (key !== undefined && ![400, 401, 404, 429].includes(status))
    kept.set(key, { parameters: route + text, status, body });
  answer(body, status);
}

function carriedOut(stripe: Omit<SmallStripe, 'url' | 'stop'>, route: string, form: Form): [number, object] {
  stripe.changes.push(route);
  stripe.forms.push(form);
  return respond(stripe, route, form);
}

function respond(stripe: Omit<SmallStripe, 'url' | 'stop'>, route: string, form: Form): [number, object] {
  const make = (object: string, prefix: string, more: object): [number, object] => {
    const id = `${prefix}_${createHash('sha256').update(`${stripe.made.length}`).digest('hex').slice(0, 14)}`;
    const created = Math.floor(Date.now() / 1000);
    const one = { id, object, created, livemode: false, metadata: {}, ...more };
    stripe.made.push(one);
    return [200, one];
  };
  const [method, , , kind = '', id, ...rest] = route.split(/[ /]/);
  const found = id === undefined ? undefined : stripe.made.find((one) => one.id === id);
  const list = (object: string): [number, object] => {
    const all = stripe
      .of(object)
      .filter((one) => form.customer === undefined || one.customer === form.customer)
      .toReversed();
    const rest = all.slice(all.findIndex(({ id }) => id === form.starting_after) + 1);
    const data = rest.slice(0, 100);
    return [200, { object: 'list', data, has_more: rest.length > 100, url: route.slice('GET '.length) }];
  };
  const { metadata = {}, customer } = form;
  if (kind === 'prices') return priceOf(id ?? '');
  if (method === 'GET' && found) return [200, found];
  if (method === 'POST' && found) {
    const { items, ...changes } = form;
    const item = items as Record<string, Form> | undefined;
    Object.assign(found, changes, { metadata: { ...(found.metadata as object), ...(metadata as object) } });
    if (item) found.items = itemsOf(item);
    if (form.cancel_at_period_end !== undefined)
      found.cancel_at_period_end = form.cancel_at_period_end === 'true';
    if (kind === 'payment_methods' && rest[0] === 'detach') found.customer = null;
    return [200, found];
  }
  if (method === 'DELETE' && found?.object === 'customer') {
    stripe.made.splice(stripe.made.indexOf(found), 1);
    return [200, { id, object: 'customer', deleted: true }];
  }
  if (method === 'DELETE' && found) return [200, Object.assign(found, { status: 'canceled' })];
  switch (`${method} ${[kind, id, ...rest].filter(Boolean).join('/')}`) {
    case 'POST customers':
      return make('customer', 'cus', {
        ...{ balance: 0, invoice_settings: { default_payment_method: null } },
        ...{ ...form, metadata },
      });
    case 'GET customers':
      return list('customer');
    case 'POST checkout/sessions':
      return make('checkout.session', 'cs', {
        customer,
        metadata,
        url: 'https://checkout.stripe.test/c',
        expires_at: 2e9,
      });
    case 'GET checkout/sessions':
      return list('checkout.session');
    case 'POST setup_intents':
      return make('setup_intent', 'seti', { customer, metadata, client_secret: 'seti_marker_secret_1' });
    case 'GET setup_intents':
      return list('setup_intent');
    case 'POST billing_portal/sessions':
      return make('billing_portal.session', 'bps', { url: 'https://portal.stripe.test/p' });
    case 'POST subscriptions': {
      if (form.default_payment_method === 'pm_declined')
        return [402, { error: { type: 'card_error', code: 'card_declined', message: 'Declined' } }];
      const incomplete = form.default_payment_method === 'pm_needs_3ds';
      return make('subscription', 'sub', {
        ...{ customer, metadata, cancel_at_period_end: false, currency: 'eur' },
        default_payment_method: form.default_payment_method ?? null,
        status: incomplete ? 'incomplete' : 'active',
        items: itemsOf(form.items as Record<string, Form>),
        latest_invoice: {
          id: 'in_1',
          status: incomplete ? 'open' : 'paid',
          confirmation_secret: { client_secret: 'pi_marker_secret_1' },
        },
      });
    }
    case 'GET subscriptions':
      return list('subscription');
    case 'POST invoices/create_preview':
      return [200, previewOf(form)];
    case 'GET events':
      return list('event');
    case 'GET payment_methods':
      return list('payment_method');
    default:
      return [
        404,
        { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such object' } },
      ];
  }
}

function itemsOf(items: Readonly<Record<string, Form>>): object {
  const data = Object.values(items).map(({ id, price, quantity }) => ({
    id: id ?? 'si_1',
    price: { id: price, recurring: { interval: 'month' } },
    quantity: Number(quantity ?? 1),
    current_period_start: 1e9,
    current_period_end: 2e9,
  }));
  return { object: 'list', data };
}

function previewOf(form: Form): object {
  const { items, proration_date: date } = form.subscription_details as {
    items: Record<string, Form>;
    proration_date: string;
  };
  const amount = Number(Object.values(items)[0]?.quantity ?? 1) * 500;
  return {
    object: 'invoice',
    currency: 'eur',
    total: amount,
    amount_due: amount,
    starting_balance: 0,
    lines: {
      data: [
        {
          amount,
          currency: 'eur',
          description: `Remaining time after ${date}`,
          period: { start: Number(date), end: 2e9 },
        },
      ],
      has_more: false,
    },
  };
}

/** `price_team` and `price_large` are sold; `price_archived` is not, `price_live` is of the other mode. */
function priceOf(id: string): [number, object] {
  if (!/^price_(team|large|archived|live)$/.test(id))
    return [
      404,
      { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such price' } },
    ];
  return [
    200,
    {
      ...{ id, object: 'price', currency: 'eur', unit_amount: id === 'price_large' ? 4900 : 1900 },
      active: id !== 'price_archived',
      livemode: id === 'price_live',
      recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
      product: { id: 'prod_1', object: 'product', active: true, name: 'Team' },
    },
  ];
}

/** `items[0][price]=x` as `{ items: { 0: { price: 'x' } } }`. */
function formOf(text: string): Form {
  const form: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const steps = name.split(/\]?\[|\]$/).filter(Boolean);
    let at = form;
    for (const step of steps.slice(0, -1)) at = (at[step] ??= {}) as Record<string, unknown>;
    at[steps.at(-1) ?? ''] = value;
  }
  return form as Form;
}
