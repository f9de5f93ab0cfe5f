import { z } from 'zod';
import { charge } from './charges.ts';
import type { PaymentIntent, PaymentMethod } from './objects.ts';
import { created, paging, parameters } from './parameters.ts';
import { cardOf } from './payment-methods.ts';
import type { Decline } from './problem.ts';
import { isWithin, pageOf, type Routes } from './routes.ts';
import { needsAuthentication } from './test-cards.ts';
import type { World } from './world.ts';

export const paymentIntentRoutes: Routes = {
  'GET /v1/payment_intents': ({ world, form, route }) => {
    const {
      customer,
      created: times,
      ...page
    } = parameters(form, {
      ...{ customer: z.string().optional(), created: created.optional() },
      ...paging,
    });
    const found = world
      .all('payment_intent')
      .filter((one) => isWithin(one, times) && (customer === undefined || one.customer === customer));
    return pageOf(route, found, page);
  },
  'GET /v1/payment_intents/:id': ({ world, form, path }) => {
    parameters(form, { client_secret: z.string().optional() });
    return world.get('payment_intent', path('id'));
  },
};

export function makePaymentIntent(
  world: World,
  {
    customer,
    amount,
    currency,
    description,
  }: Pick<PaymentIntent, 'customer' | 'amount' | 'currency' | 'description'>,
): PaymentIntent {
  const id = world.newId('pi_3');
  const intent: PaymentIntent = {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${id}_secret_${world.newId('')}`,
    confirmation_method: 'automatic',
    created: world.now(),
    currency,
    customer,
    customer_account: null,
    description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: 'off_session',
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
  return world.add(intent, 'payment_intent.created');
}

export type Outcome =
  | { readonly type: 'paid' }
  | { readonly type: 'declined'; readonly decline: Decline }
  | { readonly type: 'requires-action' };

/** Where the card's owner is while it is charged: `there` they can be asked to authenticate, or they just have. */
export type Presence = 'away' | 'there' | 'authenticated';

/** What would become of a payment. */
export function outcomeOf(world: World, method: PaymentMethod, presence: Presence): Outcome {
  const { behaviour, decline } = cardOf(world, method.id);
  if (decline) return { type: 'declined', decline };
  const mustAuthenticate =
    behaviour === 'authenticates-always' ||
    (behaviour === 'authenticates-until-set-up' && world.note(method.id).isSetUp !== true);
  if (!mustAuthenticate || presence === 'authenticated') return { type: 'paid' };
  return presence === 'there'
    ? { type: 'requires-action' }
    : { type: 'declined', decline: needsAuthentication };
}

/** Tries to pay with a payment method. */
export function confirm(
  world: World,
  intent: PaymentIntent,
  method: PaymentMethod,
  presence: Presence,
): Outcome {
  const outcome = outcomeOf(world, method, presence);
  if (outcome.type === 'paid') succeed(world, intent, method);
  else if (outcome.type === 'declined') fail(world, intent, method, outcome.decline);
  else
    world.change(
      intent,
      {
        payment_method: method.id,
        status: 'requires_action',
        next_action: nextAction(world, intent.id, null),
      },
      'payment_intent.requires_action',
    );
  return outcome;
}

/** Where somebody authenticates; without a place to come back to, Stripe.js would show it. */
export function nextAction(world: World, intentId: string, returnUrl: string | null) {
  const url = `${world.url}/_pages/authenticate/${intentId}`;
  return returnUrl === null
    ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } }
    : { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url } };
}

export function succeed(world: World, intent: PaymentIntent, method: PaymentMethod): void {
  const { id } = charge(world, intent, method, undefined);
  // Whoever paid with it once has authenticated it for later payments.
  world.addNote(method.id, { isSetUp: true });
  world.change(
    intent,
    {
      amount_received: intent.amount,
      last_payment_error: null,
      latest_charge: id,
      next_action: null,
      payment_method: method.id,
      status: 'succeeded',
    },
    'payment_intent.succeeded',
  );
}

function fail(world: World, intent: PaymentIntent, method: PaymentMethod, decline: Decline): void {
  const { id } = charge(world, intent, method, decline);
  world.change(
    intent,
    {
      last_payment_error: {
        type: 'card_error',
        charge: id,
        ...decline,
        payment_method: structuredClone(method),
      },
      latest_charge: id,
      next_action: null,
      payment_method: null,
      status: 'requires_payment_method',
    },
    'payment_intent.payment_failed',
  );
}

/** Somebody did not authenticate. */
export function failAuthentication(world: World, intent: PaymentIntent): void {
  world.change(
    intent,
    {
      last_payment_error: {
        type: 'invalid_request_error',
        code: 'payment_intent_authentication_failure',
        message:
          'The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.',
      },
      next_action: null,
      payment_method: null,
      status: 'requires_payment_method',
    },
    'payment_intent.payment_failed',
  );
}

export function cancelIntent(
  world: World,
  intent: PaymentIntent,
  reason: 'void_invoice' | 'abandoned',
): void {
  if (intent.status === 'succeeded' || intent.status === 'canceled') return;
  world.change(
    intent,
    { status: 'canceled', canceled_at: world.now(), cancellation_reason: reason, next_action: null },
    'payment_intent.canceled',
  );
}
