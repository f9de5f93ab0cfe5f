import { z } from 'zod';
import { makeSubscription } from './creating-subscriptions.ts';
import { createCustomer, liveCustomer, requireOneCurrency } from './customers.ts';
import type { CheckoutSession, Customer, LineItem, PaymentMethod } from './objects.ts';
import { created, flag, metadata, paging, parameters, text, whole } from './parameters.ts';
import { attach } from './payment-methods.ts';
import { impossible, invalid } from './problem.ts';
import { type Call, isWithin, mergedMetadata, pageOf, type Routes, wholeList } from './routes.ts';
import { makeSetupIntent } from './setup-intents.ts';
import { costOf, sellingOf, soldPrice } from './subscription-items.ts';
import type { World } from './world.ts';

/** Seconds after which a page that nobody completed is gone. */
const SESSION_SECONDS = 24 * 3600;

export const checkoutRoutes: Routes = {
  'POST /v1/checkout/sessions': create,
  'GET /v1/checkout/sessions': ({ world, form, route }) => {
    const {
      customer,
      subscription,
      status,
      created: times,
      ...page
    } = parameters(form, {
      ...{ customer: z.string().optional(), subscription: z.string().optional() },
      ...{ status: z.enum(['complete', 'expired', 'open']).optional(), created: created.optional() },
      ...paging,
    });
    const found = world
      .all('checkout.session')
      .filter((one) => isWithin(one, times) && (customer === undefined || one.customer === customer))
      .filter((one) => subscription === undefined || one.subscription === subscription)
      .filter((one) => status === undefined || one.status === status);
    return pageOf(route, found, page);
  },
  'GET /v1/checkout/sessions/:id': ({ world, path }) => world.get('checkout.session', path('id')),
  'GET /v1/checkout/sessions/:id/line_items': ({ world, form, path, route }) => {
    const page = parameters(form, paging);
    return pageOf(route, lineItemsOf(world, world.get('checkout.session', path('id'))).toReversed(), page);
  },
  'POST /v1/checkout/sessions/:id/expire': ({ world, path }) => {
    const session = world.get('checkout.session', path('id'));
    if (session.status !== 'open')
      throw impossible(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
      );
    return expireSession(world, session);
  },
};

const lineItem = z.strictObject({ price: z.string(), quantity: whole.pipe(z.int().min(1)).optional() });

function create({ world, form }: Call): CheckoutSession {
  const asked = parameters(form, {
    mode: z.enum(['setup', 'subscription']),
    customer: z.string().optional(),
    customer_email: z.email().optional(),
    client_reference_id: z.string().max(200).optional(),
    success_url: z.string().max(5000),
    cancel_url: z.string().max(5000).optional(),
    currency: z.string().length(3).optional(),
    line_items: z.array(lineItem).optional(),
    allowed_payment_method_types: z.array(z.string()).optional(),
    payment_method_collection: z.enum(['always', 'if_required']).optional(),
    setup_intent_data: z.strictObject({ metadata, description: text }).partial().optional(),
    subscription_data: z
      .strictObject({ metadata, description: text, trial_period_days: whole })
      .partial()
      .optional(),
    expires_at: whole.optional(),
    allow_promotion_codes: flag.optional(),
    locale: z.string().optional(),
    metadata: metadata.optional(),
  });
  const customer = asked.customer === undefined ? undefined : liveCustomer(world, asked.customer);
  const lines = (asked.line_items ?? []).map(({ price, quantity = 1 }) => ({ price, quantity }));
  if (asked.mode === 'subscription' && lines.length === 0)
    throw invalid('You must provide line_items in `subscription` mode.', { param: 'line_items' });
  const selling = lines.length === 0 ? [] : sellingOf(world, lines);
  const currency = selling[0]?.price.currency ?? null;
  if (customer && currency !== null) requireOneCurrency(customer, currency);
  const total = asked.mode === 'setup' ? null : selling.reduce((sum, one) => sum + costOf(one), 0);
  const session: CheckoutSession = {
    ...newSession(world, asked.mode),
    allowed_payment_method_types: asked.allowed_payment_method_types ?? null,
    ...{ amount_subtotal: total, amount_total: total },
    cancel_url: asked.cancel_url ?? null,
    client_reference_id: asked.client_reference_id ?? null,
    currency: currency ?? asked.currency ?? null,
    customer: customer?.id ?? null,
    customer_email: asked.customer_email ?? null,
    expires_at: asked.expires_at ?? world.now() + SESSION_SECONDS,
    metadata: mergedMetadata({}, asked.metadata),
    success_url: asked.success_url,
  };
  const of = (given: '' | Record<string, string> | undefined) => mergedMetadata({}, given);
  world.addNote(session.id, {
    lines,
    subscriptionMetadata: of(asked.subscription_data?.metadata),
    ...(asked.subscription_data?.trial_period_days && {
      trialDays: asked.subscription_data.trial_period_days,
    }),
  });
  if (asked.mode === 'setup')
    session.setup_intent = makeSetupIntent(world, {
      customer: session.customer,
      metadata: of(asked.setup_intent_data?.metadata),
      description: asked.setup_intent_data?.description ?? null,
    }).id;
  return world.add(session);
}

function newSession(world: World, mode: 'setup' | 'subscription'): CheckoutSession {
  const id = world.newId('cs_test_', 58);
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: null,
    amount_total: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: null,
    client_reference_id: null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: world.now(),
    currency: null,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: null,
    customer_account: null,
    customer_creation: mode === 'subscription' ? 'always' : null,
    customer_details: null,
    customer_email: null,
    discounts: mode === 'setup' ? null : [],
    expires_at: 0,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: {},
    mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: 'always',
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    payment_status: mode === 'setup' ? 'no_payment_required' : 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: null,
    total_details: mode === 'setup' ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${world.url}/_pages/checkout/${id}`,
    wallet_options: null,
  };
}

export function expireSession(world: World, session: CheckoutSession): CheckoutSession {
  return world.change(session, { status: 'expired', url: null }, 'checkout.session.expired');
}

/** What a session sells, as it shows where it is asked for. */
export function lineItemsOf(world: World, session: CheckoutSession): LineItem[] {
  return (world.note(session.id).lines ?? []).map(({ price: id, quantity }, nth) => {
    const price = world.require('price', id);
    const amount = costOf({ price, quantity });
    return {
      id: `li_${session.id.slice(-20)}${nth}`,
      object: 'item',
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: price.currency,
      description: world.find('product', price.product)?.name ?? null,
      metadata: {},
      price,
      quantity,
    };
  });
}

/** The customer of a session; where it has none, who completed the page becomes one. */
export function customerOfSession(world: World, session: CheckoutSession, name: string): Customer {
  if (session.customer !== null) return world.get('customer', session.customer);
  const form = { name, ...(session.customer_email && { email: session.customer_email }) };
  const call = { world, form, path: () => '', route: '/v1/customers' };
  const customer = createCustomer(call);
  session.customer = customer.id;
  return customer;
}

/** Subscribes whoever has completed the page, with the card that was authenticated there. */
export function subscribe(
  world: World,
  session: CheckoutSession,
  method: PaymentMethod,
  customer: Customer,
): void {
  const { lines = [], subscriptionMetadata = {}, trialDays } = world.note(session.id);
  const selling = lines.map(({ price, quantity }) => ({ price: soldPrice(world, price, 'price'), quantity }));
  attach(world, method, customer.id);
  const subscription = makeSubscription(world, {
    ...{ customer, selling, method, behavior: 'allow_incomplete', presence: 'authenticated' },
    metadata: { ...subscriptionMetadata },
    trialEnd: trialDays === undefined ? undefined : world.now() + trialDays * 86_400,
  });
  session.subscription = subscription.id;
  session.invoice = subscription.latest_invoice;
}

/** @param name of whoever completed the page */
export function complete(world: World, session: CheckoutSession, customer: Customer, name: string): void {
  world.change(
    session,
    {
      ...{ status: 'complete', url: null, customer: customer.id },
      payment_status: session.mode === 'setup' ? 'no_payment_required' : 'paid',
      customer_details: {
        ...{ address: null, business_name: null, email: customer.email, individual_name: null, name },
        ...{ phone: null, tax_exempt: 'none', tax_ids: [] },
      },
    },
    'checkout.session.completed',
  );
}

export function shownLines(world: World, session: CheckoutSession) {
  return wholeList(`/v1/checkout/sessions/${session.id}/line_items`, lineItemsOf(world, session));
}
