import { z } from 'zod';
import { makeDispute, makeEarlyFraudWarning } from './disputes.ts';
import type { BalanceTransaction, Charge, PaymentIntent, PaymentMethod } from './objects.ts';
import { created, paging, parameters } from './parameters.ts';
import { cardOf } from './payment-methods.ts';
import type { Decline } from './problem.ts';
import { isWithin, pageOf, type Routes } from './routes.ts';
import type { World } from './world.ts';

/** Days until what was paid can be paid out. */
const AVAILABLE_DAYS = 2;

export const chargeRoutes: Routes = {
  'GET /v1/charges': ({ world, form, route }) => {
    const {
      customer,
      payment_intent: intent,
      created: times,
      ...page
    } = parameters(form, {
      ...{ customer: z.string().optional(), payment_intent: z.string().optional() },
      ...{ created: created.optional() },
      ...paging,
    });
    const found = world
      .all('charge')
      .filter((one) => isWithin(one, times) && (customer === undefined || one.customer === customer))
      .filter((one) => intent === undefined || one.payment_intent === intent);
    return pageOf(route, found, page);
  },
  'GET /v1/charges/:id': ({ world, path }) => world.get('charge', path('id')),
};

/** Takes the money, or fails with a decline; the charge and what follows from it are told. */
export function charge(
  world: World,
  intent: PaymentIntent,
  method: PaymentMethod,
  decline: Decline | undefined,
): Charge {
  const id = world.newId('ch_3');
  const made: Charge = {
    ...{ id, object: 'charge', amount: intent.amount, amount_captured: decline ? 0 : intent.amount },
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: decline ? null : book(world, 'charge', intent.amount, intent.currency, id),
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'STRIPE STAND-IN',
    captured: !decline,
    created: world.now(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(decline),
    paid: !decline,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: { type: 'card', card: cardDetails(method, intent.amount) },
    radar_options: {},
    receipt_email: null,
    receipt_number: null,
    receipt_url: decline ? null : `${world.url}/_pages/receipts/${id}`,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: decline ? 'failed' : 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
  world.add(made, decline ? 'charge.failed' : 'charge.succeeded');
  if (!decline) followUp(world, made, method);
  return made;
}

/** Some test cards are disputed or reported as soon as they are charged. */
function followUp(world: World, made: Charge, method: PaymentMethod): void {
  const { behaviour } = cardOf(world, method.id);
  if (behaviour === 'is-disputed') makeDispute(world, made);
  if (behaviour === 'is-reported') makeEarlyFraudWarning(world, made);
}

/** Adds to the balance. @returns the id of the balance transaction */
export function book(
  world: World,
  type: 'charge' | 'refund',
  amount: number,
  currency: string,
  source: string,
): string {
  const fee = type === 'charge' ? Math.round(amount * 0.029) : 0;
  const transaction: BalanceTransaction = {
    id: world.newId('txn_3'),
    object: 'balance_transaction',
    amount,
    available_on: world.now() + AVAILABLE_DAYS * 86_400,
    balance_type: 'payments',
    created: world.now(),
    currency,
    description: null,
    exchange_rate: null,
    fee,
    fee_details: [
      { amount: fee, application: null, currency, description: 'Stripe processing fees', type: 'stripe_fee' },
    ],
    net: amount - fee,
    reporting_category: type,
    source,
    status: 'pending',
    type,
  };
  return world.add(transaction).id;
}

function outcomeOf(decline: Decline | undefined): Charge['outcome'] {
  return {
    advice_code: decline ? 'try_again_later' : null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: decline ? 'declined_by_network' : 'approved_by_network',
    reason: decline ? (decline.decline_code ?? decline.code) : null,
    risk_level: 'normal',
    risk_score: 12,
    seller_message: decline
      ? 'The bank did not return any further details with this decline.'
      : 'Payment complete.',
    type: decline ? 'issuer_declined' : 'authorized',
  };
}

type ChargedCard = NonNullable<NonNullable<Charge['payment_method_details']>['card']>;

function cardDetails({ card }: PaymentMethod, amount: number): ChargedCard {
  if (!card) throw new Error('The stand-in charges cards alone');
  return {
    amount_authorized: amount,
    authorization_code: null,
    brand: card.brand,
    checks: card.checks,
    country: card.country,
    electronic_commerce_indicator: null,
    exp_month: card.exp_month,
    exp_year: card.exp_year,
    fingerprint: card.fingerprint ?? null,
    funding: card.funding,
    installments: null,
    last4: card.last4,
    mandate: null,
    network: card.brand,
    network_transaction_id: null,
    regulated_status: 'unregulated',
    three_d_secure: null,
    transaction_link_id: null,
    wallet: null,
  };
}
