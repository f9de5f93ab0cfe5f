import { z } from 'zod';
import type { PaymentMethod } from './objects.ts';
import { address, metadata, paging, parameters, text, whole } from './parameters.ts';
import { cardError, impossible, invalid, missing, Problem } from './problem.ts';
import { type Call, mergedMetadata, pageOf, type Routes } from './routes.ts';
import { cardNamed, cardOfToken, type TestCard } from './test-cards.ts';
import type { World } from './world.ts';

const billingDetails = z.strictObject({ name: text, email: text, phone: text, address }).partial().optional();

export const paymentMethodRoutes: Routes = {
  'POST /v1/payment_methods': create,
  'GET /v1/payment_methods': ({ world, form, route }) => {
    const { customer, type, ...page } = parameters(form, {
      ...{ customer: z.string().optional(), type: z.string().optional() },
      ...paging,
    });
    if (customer !== undefined) world.get('customer', customer, 'customer');
    const found = world
      .all('payment_method')
      .filter((one) => one.customer !== null && (customer === undefined || one.customer === customer))
      .filter((one) => type === undefined || one.type === type);
    return pageOf(route, found, page);
  },
  'GET /v1/payment_methods/:id': ({ world, path }) => world.get('payment_method', path('id')),
  'POST /v1/payment_methods/:id': update,
  'POST /v1/payment_methods/:id/attach': ({ world, form, path }) => {
    const { customer } = parameters(form, { customer: z.string() });
    world.get('customer', customer, 'customer');
    const method = methodOf(world, path('id'));
    requireTakesCard(method, world);
    return attach(world, method, customer);
  },
  'POST /v1/payment_methods/:id/detach': ({ world, path }) => {
    const method = world.get('payment_method', path('id'));
    if (method.customer === null)
      throw impossible(
        'The payment method you provided is not attached to a customer so detachment is impossible.',
      );
    return detach(world, method);
  },
};

/** A payment method, or a new one of a test card's token. @param param the parameter that named it */
export function methodOf(world: World, idOrToken: string, param = 'id'): PaymentMethod {
  const card = cardOfToken(idOrToken);
  if (card !== undefined) return makeMethod(world, card);
  const found = world.find('payment_method', idOrToken);
  if (!found) throw missing('PaymentMethod', idOrToken, param);
  return found;
}

export function isAttachedTo(world: World, method: string, customer: string): boolean {
  return world.find('payment_method', method)?.customer === customer;
}

/** Which of the test cards it is. */
export function cardOf(world: World, methodId: string): TestCard {
  return cardNamed(world.note(methodId).card ?? 'visa');
}

/** @throws Problem 402 for a card that its bank refuses as soon as it is saved */
function requireTakesCard(method: PaymentMethod, world: World): void {
  const { behaviour, decline } = cardOf(world, method.id);
  if (behaviour === 'declines' && decline) throw cardError(decline);
}

export function attach(world: World, method: PaymentMethod, customer: string): PaymentMethod {
  if (method.customer === customer) return method;
  if (method.customer !== null)
    throw impossible('The payment method you provided has already been attached to a customer.', {
      code: 'payment_method_unexpected_state',
      param: 'payment_method',
    });
  return world.change(method, { customer }, 'payment_method.attached');
}

function detach(world: World, method: PaymentMethod): PaymentMethod {
  const customer = method.customer === null ? undefined : world.find('customer', method.customer);
  if (customer?.invoice_settings.default_payment_method === method.id) {
    const invoice_settings = { ...customer.invoice_settings, default_payment_method: null };
    world.change(customer, { invoice_settings }, 'customer.updated');
  }
  for (const subscription of world.all('subscription'))
    if (subscription.default_payment_method === method.id)
      world.change(subscription, { default_payment_method: null }, 'customer.subscription.updated');
  return world.change(method, { customer: null }, 'payment_method.detached');
}

/** @param cardName of test-cards.ts */
export function makeMethod(world: World, cardName: string, details: { name?: string } = {}): PaymentMethod {
  const { number, brand, funding, country } = cardNamed(cardName);
  const method: PaymentMethod = {
    id: world.newId('pm_1'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address: null, email: null, name: details.name ?? null, phone: null, tax_id: null },
    card: {
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country,
      display_brand: brand,
      exp_month: 12,
      exp_year: new Date(world.now() * 1000).getUTCFullYear() + 3,
      fingerprint: `standin${number.slice(-9)}`,
      funding,
      generated_from: null,
      last4: number.slice(-4),
      networks: { available: [brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: world.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
  world.addNote(method.id, { card: cardName });
  return world.add(method);
}

function create({ world, form }: Call): PaymentMethod {
  const asked = parameters(form, {
    type: z.literal('card'),
    card: z.looseObject({ token: z.string().optional() }),
    billing_details: billingDetails,
    metadata: metadata.optional(),
  });
  if ('number' in asked.card)
    throw new Problem(
      402,
      {
        type: 'card_error',
        message:
          'Sending credit card numbers directly to the Stripe API is generally unsafe. Use test tokens that map to the test card you are using.',
      },
      false,
    );
  const name = asked.card.token === undefined ? undefined : cardOfToken(asked.card.token);
  if (name === undefined)
    throw invalid(`No such token: '${asked.card.token}'`, { param: 'card[token]', code: 'resource_missing' });
  const details = asked.billing_details;
  const method = makeMethod(world, name, details?.name === undefined ? {} : { name: details.name });
  return world.change(method, { metadata: mergedMetadata({}, asked.metadata) });
}

function update({ world, form, path }: Call): PaymentMethod {
  const asked = parameters(form, {
    billing_details: billingDetails,
    metadata: metadata.optional(),
    card: z.strictObject({ exp_month: whole, exp_year: whole }).partial().optional(),
  });
  const method = world.get('payment_method', path('id'));
  if (method.customer === null)
    throw impossible('You must save this PaymentMethod to a customer before you can update it.');
  const { name, email, phone } = asked.billing_details ?? {};
  const changes: Partial<PaymentMethod> = {
    billing_details: {
      ...method.billing_details,
      ...(name !== undefined && { name: name || null }),
      ...(email !== undefined && { email: email || null }),
      ...(phone !== undefined && { phone: phone || null }),
    },
    metadata: mergedMetadata(method.metadata, asked.metadata),
    ...(method.card && {
      card: {
        ...method.card,
        exp_month: asked.card?.exp_month ?? method.card.exp_month,
        exp_year: asked.card?.exp_year ?? method.card.exp_year,
      },
    }),
  };
  return world.change(method, changes, 'payment_method.updated');
}
