import { expanded, type Form, found, metadataOf, missing, needed, page, text } from './answers.ts';
import {
  attach,
  cancelSetupIntent,
  confirmSetupIntent,
  createPaymentMethod,
  createSetupIntent,
  detach,
  paymentMethodFrom,
} from './cards.ts';
import { createCheckoutSession, expireSession } from './checkout.ts';
import { createCustomer, deleteCustomer, shownCustomer, updateCustomer } from './customers.ts';
import { endUnpaid } from './invoices.ts';
import {
  createSubscription,
  endNow,
  payInvoice,
  previewInvoice,
  updateSubscription,
} from './subscriptions.ts';
import type { StripeObject, World } from './world.ts';

type Handler = (world: World, id: string, form: Form) => unknown;

/** Lists that Stripe filters by these fields, where they are asked for. */
const FILTERS = ['customer', 'status', 'subscription', 'type', 'price', 'product', 'active', 'email'];

function list(
  object: string,
  url: string,
  keep: (one: StripeObject, form: Form) => boolean = () => true,
): Handler {
  return (world, _, form) => {
    const filters = FILTERS.flatMap((field) => {
      const wanted = text(form, field);
      return wanted === undefined || wanted === 'all' ? [] : [[field, wanted] as const];
    });
    const matching = world
      .all(object)
      .filter(
        (one) =>
          keep(one, form) &&
          filters.every(([field, wanted]) => !(field in one) || String(one[field]) === wanted),
      );
    return page(matching, form, url);
  };
}

const read =
  (object: string): Handler =>
  (world, id) =>
    found(world, object, id);

/** By method and path; `*` stands for an id. */
const routes: Readonly<Record<string, Handler>> = {
  'GET account': () => ({ id: 'acct_standin', object: 'account', country: 'DE', default_currency: 'eur' }),
  'GET balance': () => ({
    object: 'balance',
    livemode: false,
    available: [{ amount: 0, currency: 'eur' }],
    pending: [{ amount: 0, currency: 'eur' }],
  }),
  'GET payouts': list('payout', '/v1/payouts'),
  'POST customers': (world, _, form) => createCustomer(world, form),
  'GET customers': list('customer', '/v1/customers', (one) => one.deleted !== true),
  'GET customers/*': (world, id) => shownCustomer(found(world, 'customer', id)),
  'POST customers/*': (world, id, form) => updateCustomer(world, id, form),
  'DELETE customers/*': (world, id) => deleteCustomer(world, id),
  'GET customers/*/payment_methods': (world, id, form) =>
    page(
      world.all('payment_method').filter(({ customer }) => customer === id),
      form,
      `/v1/customers/${id}/payment_methods`,
    ),
  'GET products': list('product', '/v1/products'),
  'GET products/*': read('product'),
  'GET prices': list('price', '/v1/prices'),
  'GET prices/*': read('price'),
  'POST payment_methods': (world, _, form) => createPaymentMethod(world, form),
  'GET payment_methods': list(
    'payment_method',
    '/v1/payment_methods',
    ({ customer }, form) => customer !== null && customer === text(form, 'customer'),
  ),
  'GET payment_methods/*': read('payment_method'),
  'POST payment_methods/*': (world, id, form) => {
    const method = found(world, 'payment_method', id);
    method.metadata = metadataOf(form, method.metadata as object);
    world.emit('payment_method.updated', method);
    return method;
  },
  'POST payment_methods/*/attach': (world, id, form) =>
    attach(world, paymentMethodFrom(world, id), found(world, 'customer', needed(form, 'customer'))),
  'POST payment_methods/*/detach': (world, id) => detach(world, id),
  'POST setup_intents': (world, _, form) => createSetupIntent(world, form),
  'GET setup_intents': list('setup_intent', '/v1/setup_intents'),
  'GET setup_intents/*': read('setup_intent'),
  'POST setup_intents/*/confirm': (world, id, form) => confirmSetupIntent(world, id, form),
  'POST setup_intents/*/cancel': (world, id) => cancelSetupIntent(world, id),
  'POST checkout/sessions': (world, _, form) => shownSession(createCheckoutSession(world, form)),
  'GET checkout/sessions': (world, id, form) => {
    const answer = list('checkout.session', '/v1/checkout/sessions')(world, id, form) as {
      data: StripeObject[];
    };
    return { ...answer, data: answer.data.map(shownSession) };
  },
  'GET checkout/sessions/*': (world, id) => shownSession(found(world, 'checkout.session', id)),
  'POST checkout/sessions/*/expire': (world, id) =>
    shownSession(expireSession(world, found(world, 'checkout.session', id))),
  'POST billing_portal/sessions': (world, _, form) => {
    const customer = found(world, 'customer', needed(form, 'customer'));
    const made = world.add('billing_portal.session', 'bps', {
      ...{
        customer: customer.id,
        return_url: text(form, 'return_url') ?? null,
        configuration: 'bpc_standin',
        url: '',
      },
      ...{ flow: null, locale: null, on_behalf_of: null },
    });
    made.url = `${world.url()}/stand-in/portal/${made.id}`;
    return made;
  },
  'POST subscriptions': (world, _, form) => createSubscription(world, form),
  'GET subscriptions': list(
    'subscription',
    '/v1/subscriptions',
    ({ status }, form) => status !== 'canceled' || text(form, 'status') !== undefined,
  ),
  'GET subscriptions/*': read('subscription'),
  'POST subscriptions/*': (world, id, form) => updateSubscription(world, id, form),
  'DELETE subscriptions/*': (world, id) => {
    const subscription = found(world, 'subscription', id);
    if (subscription.status === 'canceled') throw missing('subscription', id);
    return endNow(world, subscription);
  },
  'GET invoices': list('invoice', '/v1/invoices', ({ parent }, form) => {
    const wanted = text(form, 'subscription');
    return (
      wanted === undefined ||
      (parent as { subscription_details: { subscription: string } }).subscription_details.subscription ===
        wanted
    );
  }),
  'GET invoices/*': read('invoice'),
  'POST invoices/create_preview': (world, _, form) => previewInvoice(world, form),
  'POST invoices/*/pay': (world, id, form) => payInvoice(world, id, text(form, 'payment_method')),
  'POST invoices/*/void': (world, id) => endUnpaid(world, id, 'void'),
  'POST invoices/*/mark_uncollectible': (world, id) => endUnpaid(world, id, 'uncollectible'),
  'GET charges': list('charge', '/v1/charges'),
  'GET charges/*': read('charge'),
  'GET events': list('event', '/v1/events'),
  'GET events/*': read('event'),
};

const WORDS = new Set(Object.keys(routes).flatMap((route) => route.split(/[ /]/)));

/** @returns the answer's body; @throws StripeProblem */
export function answerTo(world: World, method: string, path: string, form: Form): unknown {
  const steps = path
    .split('/')
    .slice(2)
    .map((step) => decodeURIComponent(step));
  const id = steps.find((step) => !WORDS.has(step)) ?? '';
  const route = routes[`${method} ${steps.map((step) => (step === id && id !== '' ? '*' : step)).join('/')}`];
  if (!route) throw missing('path', `${method} ${path} (the stand-in does not play it)`);
  return expanded(world, route(world, id, form), form);
}

function shownSession({ played: _, ...session }: StripeObject): StripeObject {
  return session;
}
