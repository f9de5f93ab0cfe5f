import { z } from 'zod';
import { intentOf, invoiceOfIntent, markPaid, subscriptionOf } from './invoices.ts';
import type { Invoice, PaymentIntent, PaymentMethod, Subscription } from './objects.ts';
import { confirm, failAuthentication, type Outcome, type Presence, succeed } from './payment-intents.ts';
import { flag, parameters } from './parameters.ts';
import { methodOf } from './payment-methods.ts';
import { cardError, impossible } from './problem.ts';
import type { Routes } from './routes.ts';
import { endNow } from './subscription-endings.ts';
import type { World } from './world.ts';

/** Days after a failed payment of a renewal until the next try; after the last, the subscription ends. README.md names them, too. */
const RETRY_DAYS = [3, 5, 7] as const;

export const collectingRoutes: Routes = {
  'POST /v1/payment_intents/:id/confirm': ({ world, form, path }) => {
    const { payment_method: id } = parameters(form, {
      ...{ payment_method: z.string().optional(), return_url: z.url().optional() },
      ...{ client_secret: z.string().optional(), off_session: flag.optional() },
    });
    const intent = world.get('payment_intent', path('id'));
    if (intent.status === 'succeeded' || intent.status === 'canceled')
      throw impossible(`You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`, {
        code: 'payment_intent_unexpected_state',
      });
    const wanted = id ?? intent.payment_method;
    if (!wanted)
      throw impossible("You cannot confirm this PaymentIntent because it's missing a payment method.", {
        code: 'payment_intent_unexpected_state',
      });
    const method = methodOf(world, wanted, 'payment_method');
    const outcome = confirm(world, intent, method, 'there');
    const invoice = invoiceOfIntent(world, intent.id);
    if (invoice?.status === 'open') settle(world, invoice, outcome);
    if (outcome.type === 'declined')
      throw cardError(outcome.decline, { payment_intent: structuredClone(intent) });
    return intent;
  },
};

/** The card that pays: the subscription's own, or the customer's default one. */
export function methodFor(
  world: World,
  { default_payment_method: own, customer }: Pick<Subscription, 'default_payment_method' | 'customer'>,
): PaymentMethod | undefined {
  const id = own ?? world.require('customer', customer).invoice_settings.default_payment_method;
  return id === null ? undefined : world.find('payment_method', id);
}

/** Tries to pay an open invoice. */
export function collect(
  world: World,
  invoice: Invoice,
  method: PaymentMethod | undefined,
  presence: Presence,
): Outcome {
  const intent = intentOf(world, invoice);
  if (!intent) throw new Error(`Invoice ${invoice.id} has nothing to be paid with`);
  const outcome: Outcome = method
    ? confirm(world, intent, method, presence)
    : { type: 'declined', decline: { code: 'resource_missing', message: 'There is no payment method' } };
  return settle(world, invoice, outcome);
}

/** What a payment means for its invoice and subscription. */
function settle(world: World, invoice: Invoice, outcome: Outcome): Outcome {
  if (outcome.type === 'paid') {
    markPaid(world, invoice, { attempts: 1 });
    afterPayment(world, invoice);
    return outcome;
  }
  const next = nextAttempt(world, invoice);
  const tried = { attempted: true, attempt_count: invoice.attempt_count + 1, next_payment_attempt: next };
  world.change(invoice, tried, 'invoice.updated');
  world.tell('invoice.payment_failed', invoice);
  if (outcome.type === 'requires-action') world.tell('invoice.payment_action_required', invoice);
  afterFailure(world, invoice, next);
  return outcome;
}

/** The first payment of a subscription is the customer's own to repeat. */
function nextAttempt(world: World, invoice: Invoice): number | null {
  if (invoice.billing_reason === 'subscription_create' || !invoice.auto_advance) return null;
  const days = RETRY_DAYS[invoice.attempt_count];
  return days === undefined ? null : world.now() + days * 86_400;
}

/** A subscription lives again once its latest invoice is paid. */
export function afterPayment(world: World, invoice: Invoice): void {
  const subscription = subscriptionOf(world, invoice);
  if (subscription?.latest_invoice !== invoice.id) return;
  if (['incomplete', 'past_due', 'unpaid'].includes(subscription.status))
    world.change(subscription, { status: 'active' }, 'customer.subscription.updated');
}

function afterFailure(world: World, invoice: Invoice, next: number | null): void {
  const subscription = subscriptionOf(world, invoice);
  if (!subscription) return;
  if (subscription.status === 'active')
    world.change(subscription, { status: 'past_due' }, 'customer.subscription.updated');
  if (subscription.status !== 'past_due' || next !== null) return;
  if (world.afterRetries === 'cancel') endNow(world, subscription, 'payment_failed');
  else if (world.afterRetries === 'unpaid')
    world.change(subscription, { status: 'unpaid' }, 'customer.subscription.updated');
}

/** Somebody has authenticated a payment, or has not. */
export function authenticated(world: World, intent: PaymentIntent, isAuthentic: boolean): void {
  const invoice = invoiceOfIntent(world, intent.id);
  if (!isAuthentic || intent.payment_method === null) {
    failAuthentication(world, intent);
    return;
  }
  succeed(world, intent, world.require('payment_method', intent.payment_method));
  if (invoice) settle(world, invoice, { type: 'paid' });
}
