import { z } from 'zod';
import { collect, methodFor } from './collecting.ts';
import { liveCustomer, requireCurrency } from './customers.ts';
import { finalize, makeInvoice } from './invoices.ts';
import type { Customer, Invoice, PaymentMethod, Subscription } from './objects.ts';
import { flag, metadata, parameters, text, whole } from './parameters.ts';
import { outcomeOf, type Presence } from './payment-intents.ts';
import { isAttachedTo, methodOf } from './payment-methods.ts';
import { nextBoundary } from './periods.ts';
import { cardError, impossible, invalid, Problem } from './problem.ts';
import { type Call, mergedMetadata } from './routes.ts';
import {
  costOf,
  newItem,
  periodLines,
  periodOf,
  recurrenceOf,
  type Selling,
  sellingOf,
  wantedItem,
  withItems,
} from './subscription-items.ts';
import type { World } from './world.ts';

export const behaviours = ['allow_incomplete', 'default_incomplete', 'error_if_incomplete'] as const;
export type PaymentBehavior = (typeof behaviours)[number];

export interface NewSubscription {
  readonly customer: Customer;
  readonly selling: readonly Selling[];
  readonly method: PaymentMethod | undefined;
  readonly behavior: PaymentBehavior;
  readonly metadata: Record<string, string>;
  readonly trialEnd?: number | undefined;
  readonly more?: Partial<Subscription>;
  readonly presence: Presence;
}

/** `POST /v1/subscriptions` */
export function createSubscription({ world, form }: Call): Subscription {
  const asked = parameters(form, {
    customer: z.string(),
    items: z.array(wantedItem).min(1),
    default_payment_method: z.string().optional(),
    payment_behavior: z.enum(behaviours).optional(),
    payment_settings: z.looseObject({}).optional(),
    collection_method: z.literal('charge_automatically').optional(),
    trial_end: z.union([z.literal('now'), whole]).optional(),
    trial_period_days: whole.optional(),
    cancel_at_period_end: flag.optional(),
    off_session: flag.optional(),
    proration_behavior: z.enum(['create_prorations', 'always_invoice', 'none']).optional(),
    description: text.optional(),
    metadata: metadata.optional(),
  });
  const customer = liveCustomer(world, asked.customer);
  const selling = sellingOf(world, asked.items);
  const method = ownMethod(world, asked.default_payment_method, customer);
  return makeSubscription(world, {
    ...{ customer, selling, method },
    behavior: asked.payment_behavior ?? 'allow_incomplete',
    presence: asked.off_session ? 'away' : 'there',
    metadata: mergedMetadata({}, asked.metadata),
    trialEnd: trialEndOf(world, asked),
    more: {
      cancel_at_period_end: asked.cancel_at_period_end ?? false,
      description: asked.description ?? null,
    },
  });
}

/** @throws Problem for a payment method of nobody's or somebody else's */
export function ownMethod(
  world: World,
  id: string | undefined,
  customer: Customer,
): PaymentMethod | undefined {
  if (id === undefined) return undefined;
  if (!isAttachedTo(world, id, customer.id))
    throw invalid(
      `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
      { code: 'resource_missing', param: 'default_payment_method' },
    );
  return methodOf(world, id, 'default_payment_method');
}

function trialEndOf(
  world: World,
  asked: { readonly trial_end?: 'now' | number | undefined; readonly trial_period_days?: number | undefined },
): number | undefined {
  const { trial_end: end, trial_period_days: days } = asked;
  if (typeof end === 'number' && end <= world.now())
    throw invalid('trial_end must be in the future', { param: 'trial_end' });
  if (typeof end === 'number') return end;
  return days === undefined || days === 0 ? undefined : world.now() + days * 86_400;
}

export function makeSubscription(world: World, asked: NewSubscription): Subscription {
  const { customer, selling, method, behavior, trialEnd } = asked;
  const [{ price } = {}] = selling;
  if (!price) throw invalid('A subscription needs at least one item.', { param: 'items' });
  requireCurrency(world, customer, price.currency);
  const cost = selling.reduce((sum, one) => sum + costOf(one), 0);
  const pays = method ?? methodFor(world, { default_payment_method: null, customer: customer.id });
  const isDueNow = trialEnd === undefined && cost + customer.balance > 0;
  if (isDueNow && behavior !== 'default_incomplete') requirePayable(world, pays, asked);
  const subscription = newSubscription(world, asked, price);
  world.add(subscription);
  const invoice = makeInvoice(world, {
    ...{ subscription, reason: 'subscription_create', period: { start: world.now(), end: world.now() } },
    lines: periodLines(
      world,
      subscription.id,
      subscription.items.data,
      periodOf(subscription),
      trialEnd !== undefined,
    ),
  });
  subscription.latest_invoice = invoice.id;
  world.tell('customer.subscription.created', subscription);
  payFirst(world, subscription, finalize(world, invoice), pays, asked);
  return subscription;
}

/** @throws Problem where nobody could pay, or `error_if_incomplete` says that it must be paid */
function requirePayable(
  world: World,
  method: PaymentMethod | undefined,
  { behavior, presence }: NewSubscription,
): void {
  if (!method)
    throw impossible(
      'This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.',
      { code: 'resource_missing' },
    );
  if (behavior === 'error_if_incomplete') requirePaid(world, method, presence);
}

/** @throws Problem 402 for what would not be paid at once */
export function requirePaid(world: World, method: PaymentMethod, presence: Presence): void {
  const outcome = outcomeOf(world, method, presence);
  if (outcome.type === 'declined')
    throw cardError(outcome.decline, { payment_method: structuredClone(method) });
  if (outcome.type === 'requires-action')
    throw new Problem(
      402,
      {
        type: 'card_error',
        code: 'subscription_payment_intent_requires_action',
        message:
          'Payment for this subscription requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with subscription.',
      },
      true,
    );
}

function payFirst(
  world: World,
  subscription: Subscription,
  invoice: Invoice,
  method: PaymentMethod | undefined,
  { behavior, presence }: NewSubscription,
): void {
  // One of nothing is paid already.
  if (invoice.status === 'paid') {
    if (subscription.status === 'incomplete')
      world.change(subscription, { status: 'active' }, 'customer.subscription.updated');
    return;
  }
  if (behavior !== 'default_incomplete') collect(world, invoice, method, presence);
}

function newSubscription(
  world: World,
  { customer, selling, method, metadata, trialEnd, more }: NewSubscription,
  price: Selling['price'],
): Subscription {
  const [id, now] = [world.newId('sub_1'), world.now()];
  const period = { start: now, end: trialEnd ?? nextBoundary(now, recurrenceOf(price), now) };
  const items = selling.map((one) => newItem(world, id, one, period));
  const ends = more?.cancel_at_period_end === true;
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: trialEnd ?? now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: ends ? period.end : null,
    cancel_at_period_end: false,
    canceled_at: ends ? now : null,
    cancellation_details: {
      comment: null,
      feedback: null,
      feedback_option: null,
      reason: ends ? 'cancellation_requested' : null,
    },
    collection_method: 'charge_automatically',
    created: now,
    currency: price.currency,
    customer: customer.id,
    customer_account: null,
    days_until_due: null,
    default_payment_method: method?.id ?? null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: withItems(id, items),
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: trialEnd === undefined ? 'incomplete' : 'trialing',
    test_clock: null,
    transfer_data: null,
    trial_end: trialEnd ?? null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: trialEnd === undefined ? null : now,
    ...more,
  };
}
