import { declined, type Form, found, inner, invalid, metadataOf, missing, needed, text } from './answers.ts';
import type { StripeObject, World } from './world.ts';

/** How a test card behaves, as https://docs.stripe.com/testing lists them. */
interface TestCard {
  readonly number: string;
  readonly brand: string;
  /** Refused when it is saved. */
  readonly notSaved?: string;
  /** Refused when it is charged. */
  readonly notCharged?: string;
  /** Asks the person at each payment. */
  readonly asks?: true;
}

const testCards: Readonly<Record<string, TestCard>> = {
  pm_card_visa: { number: '4242424242424242', brand: 'visa' },
  pm_card_mastercard: { number: '5555555555554444', brand: 'mastercard' },
  pm_card_amex: { number: '378282246310005', brand: 'amex' },
  pm_card_visa_chargeDeclined: { number: '4000000000000002', brand: 'visa', notSaved: 'generic_decline' },
  pm_card_visa_chargeDeclinedInsufficientFunds: {
    ...{ number: '4000000000009995', brand: 'visa', notSaved: 'insufficient_funds' },
  },
  pm_card_chargeCustomerFail: { number: '4000000000000341', brand: 'visa', notCharged: 'generic_decline' },
  pm_card_authenticationRequired: { number: '4000002760003184', brand: 'visa', asks: true },
};

/** A new payment method of a test card's token (`pm_card_visa`); what is none may be the id of one that is there. */
export function paymentMethodFrom(world: World, tokenOrId: string): StripeObject {
  const card = testCards[tokenOrId];
  return card ? newPaymentMethod(world, tokenOrId, card) : found(world, 'payment_method', tokenOrId);
}

/** The token of a card's number, as a page is given it. Only test cards are known, and no number is kept. */
export function tokenOfNumber(number: string): string | undefined {
  const digits = number.replaceAll(/[ -]/g, '');
  return Object.keys(testCards).find((token) => testCards[token]?.number === digits);
}

function newPaymentMethod(world: World, token: string, { number, brand }: TestCard): StripeObject {
  const checks = { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' };
  return world.add('payment_method', 'pm', {
    ...{ type: 'card', customer: null, metadata: {}, allow_redisplay: 'unspecified' },
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card: {
      ...{ brand, display_brand: brand, last4: number.slice(-4), exp_month: 12, exp_year: 2034 },
      ...{ funding: 'credit', country: 'US', fingerprint: token, generated_from: null, checks },
      ...{ networks: { available: [brand], preferred: null }, regulated_status: 'unregulated', wallet: null },
      three_d_secure_usage: { supported: true },
    },
  });
}

function cardOf(method: StripeObject): TestCard | undefined {
  return testCards[(method.card as { fingerprint: string }).fingerprint];
}

/** What a charge of the card comes to: null where it is paid. */
export function chargeProblem(method: StripeObject): 'asks' | { readonly decline: string } | null {
  const card = cardOf(method);
  if (card?.asks) return 'asks';
  const decline = card?.notCharged ?? card?.notSaved;
  return decline === undefined ? null : { decline };
}

export function attach(world: World, method: StripeObject, customer: StripeObject): StripeObject {
  const refusal = cardOf(method)?.notSaved;
  if (refusal !== undefined) throw declined(refusal);
  if (method.customer !== null && method.customer !== customer.id)
    throw invalid('The payment method is attached to another customer.');
  if (method.customer === customer.id) return method;
  method.customer = customer.id;
  world.emit('payment_method.attached', method);
  return method;
}

export function detach(world: World, id: string): StripeObject {
  const method = found(world, 'payment_method', id);
  if (method.customer === null) throw invalid('The payment method is not attached to a customer.');
  const customer = world.find(method.customer as string);
  method.customer = null;
  const settings = customer?.invoice_settings as { default_payment_method: string | null } | undefined;
  if (customer && settings?.default_payment_method === id) {
    settings.default_payment_method = null;
    world.emit('customer.updated', customer);
  }
  world.emit('payment_method.detached', method);
  return method;
}

export function createSetupIntent(world: World, form: Form): StripeObject {
  const customer = found(world, 'customer', needed(form, 'customer'));
  return setupIntentFor(world, customer.id, metadataOf(form), text(form, 'usage') ?? 'off_session');
}

export function setupIntentFor(
  world: World,
  customer: string,
  metadata: object,
  usage: string,
): StripeObject {
  const made = world.add('setup_intent', 'seti', {
    ...{
      customer,
      usage,
      metadata,
      status: 'requires_payment_method',
      payment_method: null as string | null,
    },
    ...{ application: null, cancellation_reason: null, description: null, last_setup_error: null },
    ...{
      latest_attempt: null,
      mandate: null,
      next_action: null,
      on_behalf_of: null,
      single_use_mandate: null,
    },
    ...{ payment_method_types: ['card'], payment_method_options: null, flow_directions: null },
    ...{
      automatic_payment_methods: null,
      payment_method_configuration_details: null,
      excluded_payment_method_types: null,
    },
    client_secret: '',
  });
  made.client_secret = `${made.id}_secret_${made.id.slice(-8)}`;
  world.emit('setup_intent.created', made);
  return made;
}

/** As Stripe.js does with a card that a person typed. */
export function confirmSetupIntent(world: World, id: string, form: Form): StripeObject {
  const intent = found(world, 'setup_intent', id);
  if (intent.status === 'succeeded')
    throw invalid('The setup intent has succeeded already.', 'setup_intent_unexpected_state');
  if (intent.status === 'canceled')
    throw invalid('The setup intent was canceled.', 'setup_intent_unexpected_state');
  const method = paymentMethodFrom(world, needed(form, 'payment_method'));
  const customer = found(world, 'customer', String(intent.customer));
  try {
    attach(world, method, customer);
  } catch (problem) {
    world.emit('setup_intent.setup_failed', intent);
    throw problem;
  }
  Object.assign(intent, { status: 'succeeded', payment_method: method.id });
  world.emit('setup_intent.succeeded', intent);
  return intent;
}

export function cancelSetupIntent(world: World, id: string): StripeObject {
  const intent = found(world, 'setup_intent', id);
  if (intent.status === 'succeeded')
    throw invalid('The setup intent has succeeded already.', 'setup_intent_unexpected_state');
  Object.assign(intent, { status: 'canceled' });
  world.emit('setup_intent.canceled', intent);
  return intent;
}

export function createPaymentMethod(world: World, form: Form): StripeObject {
  const token = text(inner(form, 'card'), 'token') ?? '';
  const known = testCards[token.replace(/^tok_/, 'pm_card_')];
  if (!known) throw missing('token', token);
  return newPaymentMethod(world, token.replace(/^tok_/, 'pm_card_'), known);
}
