import { z } from 'zod';
import type { PaymentMethod, SetupIntent } from './objects.ts';
import { created, flag, metadata, paging, parameters, text } from './parameters.ts';
import { nextAction } from './payment-intents.ts';
import { attach, cardOf, methodOf } from './payment-methods.ts';
import { cardError, impossible, type Decline } from './problem.ts';
import { type Call, isWithin, mergedMetadata, pageOf, type Routes } from './routes.ts';
import type { World } from './world.ts';

export const setupIntentRoutes: Routes = {
  'POST /v1/setup_intents': create,
  'GET /v1/setup_intents': ({ world, form, route }) => {
    const {
      customer,
      payment_method: method,
      created: times,
      ...page
    } = parameters(form, {
      ...{ customer: z.string().optional(), payment_method: z.string().optional() },
      ...{ created: created.optional() },
      ...paging,
    });
    const found = world
      .all('setup_intent')
      .filter((one) => isWithin(one, times) && (customer === undefined || one.customer === customer))
      .filter((one) => method === undefined || one.payment_method === method);
    return pageOf(route, found, page);
  },
  'GET /v1/setup_intents/:id': ({ world, form, path }) => {
    parameters(form, { client_secret: z.string().optional() });
    return world.get('setup_intent', path('id'));
  },
  'POST /v1/setup_intents/:id': ({ world, form, path }) => {
    const asked = parameters(form, { metadata: metadata.optional(), description: text.optional() });
    const intent = world.get('setup_intent', path('id'));
    return world.change(intent, {
      metadata: mergedMetadata(intent.metadata, asked.metadata),
      description: asked.description ?? intent.description,
    });
  },
  'POST /v1/setup_intents/:id/confirm': ({ world, form, path }) => {
    const { payment_method: id, return_url: returnUrl = null } = parameters(form, {
      ...{ payment_method: z.string().optional(), return_url: z.url().optional() },
      ...{
        use_stripe_sdk: flag.optional(),
        mandate_data: z.unknown().optional(),
        client_secret: z.string().optional(),
      },
    });
    const intent = world.get('setup_intent', path('id'));
    requireOpen(intent, 'confirm');
    const method = id ?? intent.payment_method;
    if (!method)
      throw impossible(
        "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.",
        { code: 'setup_intent_unexpected_state' },
      );
    return confirmSetup(world, intent, methodOf(world, method, 'payment_method'), returnUrl);
  },
  'POST /v1/setup_intents/:id/cancel': ({ world, form, path }) => {
    const { cancellation_reason: reason = null } = parameters(form, {
      cancellation_reason: z.enum(['abandoned', 'duplicate', 'requested_by_customer']).optional(),
    });
    const intent = world.get('setup_intent', path('id'));
    requireOpen(intent, 'cancel');
    const changes = { status: 'canceled', cancellation_reason: reason, next_action: null } as const;
    return world.change(intent, changes, 'setup_intent.canceled');
  },
};

function requireOpen({ status }: SetupIntent, verb: string): void {
  if (status === 'succeeded' || status === 'canceled')
    throw impossible(`You cannot ${verb} this SetupIntent because it has a status of ${status}.`, {
      code: 'setup_intent_unexpected_state',
    });
}

function create({ world, form }: Call): SetupIntent {
  const asked = parameters(form, {
    customer: z.string().optional(),
    payment_method: z.string().optional(),
    usage: z.enum(['off_session', 'on_session']).optional(),
    allowed_payment_method_types: z.array(z.string()).optional(),
    automatic_payment_methods: z.looseObject({ enabled: flag }).optional(),
    confirm: flag.optional(),
    return_url: z.url().optional(),
    description: text.optional(),
    metadata: metadata.optional(),
  });
  if (asked.customer !== undefined) world.get('customer', asked.customer, 'customer');
  const method =
    asked.payment_method === undefined ? undefined : methodOf(world, asked.payment_method, 'payment_method');
  const intent = makeSetupIntent(world, {
    customer: asked.customer ?? null,
    metadata: mergedMetadata({}, asked.metadata),
    usage: asked.usage ?? 'off_session',
    description: asked.description ?? null,
    allowed_payment_method_types: (asked.allowed_payment_method_types ??
      null) as SetupIntent['allowed_payment_method_types'],
    payment_method: method?.id ?? null,
    status: method ? 'requires_confirmation' : 'requires_payment_method',
  });
  return asked.confirm && method ? confirmSetup(world, intent, method, asked.return_url ?? null) : intent;
}

export function makeSetupIntent(world: World, more: Partial<SetupIntent>): SetupIntent {
  const id = world.newId('seti_1');
  const intent: SetupIntent = {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${world.newId('')}`,
    created: world.now(),
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: 'off_session',
    ...more,
  };
  return world.add(intent, 'setup_intent.created');
}

/** @throws Problem 402 where the card is refused; the intent says why */
function confirmSetup(
  world: World,
  intent: SetupIntent,
  method: PaymentMethod,
  returnUrl: string | null,
): SetupIntent {
  const { behaviour, decline } = cardOf(world, method.id);
  if (behaviour === 'declines' && decline) throw refuse(world, intent, method, decline);
  if (behaviour === 'authenticates-until-set-up' || behaviour === 'authenticates-always')
    return world.change(
      intent,
      {
        payment_method: method.id,
        status: 'requires_action',
        next_action: nextAction(world, intent.id, returnUrl),
      },
      'setup_intent.requires_action',
    );
  return finishSetup(world, intent, method);
}

export function finishSetup(world: World, intent: SetupIntent, method: PaymentMethod): SetupIntent {
  if (intent.customer !== null) attach(world, method, intent.customer);
  world.addNote(method.id, { isSetUp: true });
  return world.change(
    intent,
    { payment_method: method.id, status: 'succeeded', next_action: null, last_setup_error: null },
    'setup_intent.succeeded',
  );
}

function refuse(world: World, intent: SetupIntent, method: PaymentMethod, decline: Decline) {
  world.change(
    intent,
    {
      last_setup_error: { type: 'card_error', ...decline, payment_method: structuredClone(method) },
      payment_method: null,
      status: 'requires_payment_method',
    },
    'setup_intent.setup_failed',
  );
  return cardError(decline, { setup_intent: structuredClone(intent) });
}

/** Somebody did not authenticate. */
export function failSetupAuthentication(world: World, intent: SetupIntent): void {
  world.change(
    intent,
    {
      last_setup_error: {
        type: 'invalid_request_error',
        code: 'setup_intent_authentication_failure',
        message: 'The latest attempt to set up the payment method has failed because authentication failed.',
      },
      next_action: null,
      payment_method: null,
      status: 'requires_payment_method',
    },
    'setup_intent.setup_failed',
  );
}
