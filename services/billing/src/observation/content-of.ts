import type { Stripe } from 'stripe';
import { type InvoiceContent, invoiceContent } from '../invoice/invoice.events.js';
import {
  type PaymentExceptionContent,
  paymentExceptionContent,
} from '../payment-exception/payment-exception.events.js';
import { type PaymentMethodContent, paymentMethodContent } from '../payment-method/payment-method.events.js';
import type { StripeCustomerContent } from '../stripe-customer/stripe-customer.events.js';
import { type SubscriptionContent, subscriptionContent } from '../subscription/subscription.events.js';
import { idOf as idOfWritten, timeOf } from '../stripe/written.js';
import type { StripeObject } from './stripe-object.js';

/** @throws ZodError for an object that is not as Stripe describes it: it is read again, and shows in a metric */
export function subscriptionOf(read: Stripe.Subscription): StripeObject {
  const items = read.items.data;
  const cancelsAtPeriodEnd = read.cancel_at_period_end
    ? latest(items.map((item) => item.current_period_end))
    : null;
  const content: SubscriptionContent = subscriptionContent.parse({
    customerId: idOf(read.customer),
    status: read.status,
    items: items.map(({ id, price, quantity }) => ({
      itemId: id,
      priceId: price.id,
      quantity: quantity ?? null,
      unitAmount: price.unit_amount,
      interval: price.recurring?.interval ?? null,
      intervalCount: price.recurring?.interval_count ?? null,
    })),
    currency: read.currency.toUpperCase(),
    createdAt: time(read.created),
    startedAt: time(read.start_date),
    currentPeriodStart: time(latest(items.map((item) => item.current_period_start))),
    currentPeriodEnd: time(latest(items.map((item) => item.current_period_end))),
    trialEnd: time(read.trial_end),
    cancelsAt: time(read.cancel_at ?? cancelsAtPeriodEnd),
    canceledAt: time(read.canceled_at),
    endedAt: time(read.ended_at),
    collectionPaused: read.pause_collection !== null,
  });
  return { type: 'subscription', id: read.id, content };
}

export function invoiceOf(read: Stripe.Invoice): StripeObject {
  const { finalized_at, paid_at, voided_at, marked_uncollectible_at } = read.status_transitions;
  const subscription = read.parent?.subscription_details?.subscription ?? null;
  const content: InvoiceContent = invoiceContent.parse({
    customerId: idOf(read.customer),
    subscriptionId: idOf(subscription),
    number: read.number,
    status: read.status,
    billingReason: read.billing_reason,
    currency: read.currency.toUpperCase(),
    total: read.total,
    amountDue: read.amount_due,
    amountPaid: read.amount_paid,
    amountRemaining: read.amount_remaining,
    attemptCount: read.attempt_count,
    attempted: read.attempted,
    nextAttemptAt: time(read.next_payment_attempt),
    createdAt: time(read.created),
    dueAt: time(read.due_date),
    periodStart: time(read.period_start),
    periodEnd: time(read.period_end),
    finalizedAt: time(finalized_at),
    paidAt: time(paid_at),
    markedUncollectibleAt: time(marked_uncollectible_at),
    voidedAt: time(voided_at),
  });
  return { type: 'invoice', id: read.id, content };
}

export function paymentMethodOf(read: Stripe.PaymentMethod): StripeObject {
  const { card } = read;
  const content: PaymentMethodContent = paymentMethodContent.parse({
    customerId: idOf(read.customer),
    kind: read.type,
    card: card
      ? { brand: card.brand, last4: card.last4, expiryMonth: card.exp_month, expiryYear: card.exp_year }
      : null,
    createdAt: time(read.created),
  });
  return { type: 'payment_method', id: read.id, content };
}

export function stripeCustomerOf(read: Stripe.Customer | Stripe.DeletedCustomer): StripeObject {
  const content: StripeCustomerContent = read.deleted
    ? { isDeleted: true, defaultPaymentMethodId: null }
    : { isDeleted: false, defaultPaymentMethodId: idOf(read.invoice_settings.default_payment_method) };
  return { type: 'customer', id: read.id, content };
}

export function refundOf(read: Stripe.Refund): StripeObject {
  const content = exception({
    kind: 'refund',
    customerId: idOf(read.customer) ?? payerOf(read.charge),
    status: read.status ?? 'unknown',
    money: { amount: read.amount, currency: read.currency.toUpperCase() },
    createdAt: read.created,
  });
  return { type: 'refund', id: read.id, content };
}

export function creditNoteOf(read: Stripe.CreditNote): StripeObject {
  const content = exception({
    kind: 'credit-note',
    customerId: idOf(read.customer),
    status: read.status,
    money: { amount: read.amount, currency: read.currency.toUpperCase() },
    invoiceId: idOf(read.invoice),
    createdAt: read.created,
  });
  return { type: 'credit_note', id: read.id, content };
}

export function disputeOf(read: Stripe.Dispute): StripeObject {
  const content = exception({
    kind: 'dispute',
    customerId: payerOf(read.charge),
    status: read.status,
    money: { amount: read.amount, currency: read.currency.toUpperCase() },
    reason: read.reason,
    createdAt: read.created,
  });
  return { type: 'dispute', id: read.id, content };
}

export function earlyFraudWarningOf(read: Stripe.Radar.EarlyFraudWarning): StripeObject {
  const content = exception({
    kind: 'early-fraud-warning',
    customerId: payerOf(read.charge),
    status: 'received',
    reason: read.fraud_type,
    createdAt: read.created,
  });
  return { type: 'early_fraud_warning', id: read.id, content };
}

export function setupIntentOf({ id, customer, last_setup_error: error }: Stripe.SetupIntent): StripeObject {
  return { type: 'setup_intent', id, content: failedCard(customer, error?.payment_method) };
}

export function paymentIntentOf({
  id,
  customer,
  last_payment_error: error,
}: Stripe.PaymentIntent): StripeObject {
  return { type: 'payment_intent', id, content: failedCard(customer, error?.payment_method) };
}

function failedCard(
  customer: Stripe.SetupIntent['customer'],
  method: Stripe.PaymentMethod | undefined,
): { readonly customerId: string | null; readonly fingerprint: string | null } {
  return { customerId: idOf(customer), fingerprint: method?.card?.fingerprint ?? null };
}

type Exception = Pick<PaymentExceptionContent, 'kind' | 'customerId' | 'status'> &
  Partial<PaymentExceptionContent>;

function exception({ createdAt, ...read }: Omit<Exception, 'createdAt'> & { readonly createdAt: number }) {
  return paymentExceptionContent.parse({
    money: null,
    reason: null,
    invoiceId: null,
    ...read,
    createdAt: time(createdAt),
  });
}

/** Whose the payment was. @param charge as Stripe gives it when it is asked to expand it */
function payerOf(charge: string | Stripe.Charge | null): string | null {
  return typeof charge === 'object' && charge !== null ? idOf(charge.customer) : null;
}

function idOf(reference: string | { readonly id: string } | null): string | null {
  return reference === null ? null : idOfWritten(reference);
}

function time(seconds: number | null | undefined): string | null {
  return typeof seconds === 'number' ? timeOf(seconds) : null;
}

function latest(times: readonly number[]): number | null {
  return times.length === 0 ? null : Math.max(...times);
}
