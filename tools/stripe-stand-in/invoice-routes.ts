import { z } from 'zod';
import { afterPayment, collect, methodFor } from './collecting.ts';
import { draftInvoice, type NewInvoice } from './draft-invoice.ts';
import { finalize, markPaid, markUncollectible, subscriptionOf, voidInvoice } from './invoices.ts';
import type { Invoice, Subscription } from './objects.ts';
import { created, flag, metadata, paging, parameters, text, whole } from './parameters.ts';
import { isAttachedTo, methodOf } from './payment-methods.ts';
import { nextBoundary } from './periods.ts';
import { pendingLines } from './pending-lines.ts';
import { cardError, impossible, invalid, Problem } from './problem.ts';
import { type Call, isWithin, mergedMetadata, pageOf, type Routes } from './routes.ts';
import { planChange, prorationBehaviors } from './subscription-changes.ts';
import { newItem, periodLines, periodOf, recurrenceOf, sellingOf, wantedItem } from './subscription-items.ts';
import type { World } from './world.ts';

export const invoiceRoutes: Routes = {
  'GET /v1/invoices': list,
  'POST /v1/invoices/create_preview': preview,
  'GET /v1/invoices/:id': ({ world, path }) => world.get('invoice', path('id')),
  'POST /v1/invoices/:id': ({ world, form, path }) => {
    const asked = parameters(form, {
      ...{ metadata: metadata.optional(), description: text.optional(), auto_advance: flag.optional() },
    });
    const invoice = world.get('invoice', path('id'));
    const changes: Partial<Invoice> = {
      metadata: mergedMetadata(invoice.metadata, asked.metadata),
      ...(asked.description !== undefined && { description: asked.description || null }),
      ...(asked.auto_advance !== undefined && { auto_advance: asked.auto_advance }),
    };
    return world.change(invoice, changes, 'invoice.updated');
  },
  'GET /v1/invoices/:id/lines': ({ world, form, path, route }) => {
    const page = parameters(form, paging);
    return pageOf(route, world.get('invoice', path('id')).lines.data.toReversed(), page);
  },
  'POST /v1/invoices/:id/finalize': ({ world, form, path }) => {
    parameters(form, { auto_advance: flag.optional() });
    return finalize(world, world.get('invoice', path('id')));
  },
  'POST /v1/invoices/:id/pay': pay,
  'POST /v1/invoices/:id/void': ({ world, path }) => voidInvoice(world, world.get('invoice', path('id'))),
  'POST /v1/invoices/:id/mark_uncollectible': ({ world, path }) =>
    markUncollectible(world, world.get('invoice', path('id'))),
  'GET /v1/invoice_payments': ({ world, form, route }) => {
    const { invoice, status, ...page } = parameters(form, {
      ...{ invoice: z.string().optional(), status: z.enum(['canceled', 'open', 'paid']).optional() },
      ...paging,
    });
    const found = world
      .all('invoice_payment')
      .filter((one) => invoice === undefined || one.invoice === invoice)
      .filter((one) => status === undefined || one.status === status);
    return pageOf(route, found, page);
  },
};

function list({ world, form, route }: Call): object {
  const asked = parameters(form, {
    ...{ customer: z.string().optional(), subscription: z.string().optional(), created: created.optional() },
    status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
    collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
    ...paging,
  });
  const isAsked = (one: Invoice) =>
    isWithin(one, asked.created) &&
    (asked.customer === undefined || one.customer === asked.customer) &&
    (asked.subscription === undefined || subscriptionOf(world, one)?.id === asked.subscription) &&
    (asked.status === undefined || one.status === asked.status) &&
    (asked.collection_method === undefined || one.collection_method === asked.collection_method);
  return pageOf(route, world.all('invoice').filter(isAsked), asked);
}

function pay({ world, form, path }: Call): Invoice {
  const asked = parameters(form, {
    ...{ payment_method: z.string().optional(), paid_out_of_band: flag.optional() },
    off_session: flag.optional(),
  });
  const invoice = world.get('invoice', path('id'));
  if (invoice.status === 'paid') throw impossible('Invoice is already paid');
  if (invoice.status === 'draft') finalize(world, invoice);
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible')
    throw impossible(`This invoice can no longer be paid: it is ${invoice.status}.`);
  if (asked.paid_out_of_band) return payOutOfBand(world, invoice);
  const method = methodToPay(world, invoice, asked.payment_method);
  const outcome = collect(world, invoice, method, asked.off_session === false ? 'there' : 'away');
  if (outcome.type === 'declined')
    throw cardError(outcome.decline, { payment_method: structuredClone(method) });
  if (outcome.type === 'requires-action')
    throw new Problem(
      402,
      {
        type: 'card_error',
        code: 'invoice_payment_intent_requires_action',
        message: 'This payment requires additional user action before it can be completed successfully.',
      },
      true,
    );
  return invoice;
}

function methodToPay(world: World, invoice: Invoice, asked: string | undefined) {
  const customer = invoice.customer ?? '';
  if (asked !== undefined && !isAttachedTo(world, asked, customer))
    throw invalid(`The customer does not have a payment method with the ID ${asked}.`, {
      code: 'resource_missing',
      param: 'payment_method',
    });
  if (asked !== undefined) return methodOf(world, asked, 'payment_method');
  const own = subscriptionOf(world, invoice)?.default_payment_method ?? null;
  const method = methodFor(world, { customer, default_payment_method: own });
  if (!method)
    throw impossible('There is no `default_payment_method` set on this Customer or Invoice.', {
      code: 'resource_missing',
    });
  return method;
}

/** As in the dashboard: somebody paid in another way. */
export function payOutOfBand(world: World, invoice: Invoice): Invoice {
  markPaid(world, invoice, { attempts: 0, isOutOfBand: true });
  afterPayment(world, invoice);
  return invoice;
}

/** What an invoice would be; nothing is kept. */
function preview({ world, form }: Call): object {
  const asked = parameters(form, {
    customer: z.string().optional(),
    subscription: z.string().optional(),
    subscription_details: z
      .strictObject({
        items: z.array(wantedItem),
        ...{ proration_behavior: prorationBehaviors, proration_date: whole, cancel_at_period_end: flag },
        ...{ cancel_at: whole, cancel_now: flag, trial_end: z.union([z.literal('now'), whole]) },
      })
      .partial()
      .optional(),
    preview_mode: z.literal('next').optional(),
  });
  const details = asked.subscription_details ?? {};
  if (asked.subscription === undefined) return previewOfNew(world, asked.customer, details.items ?? []);
  const subscription = world.get('subscription', asked.subscription, 'subscription');
  if (asked.customer !== undefined && subscription.customer !== asked.customer)
    throw invalid(`No such subscription: '${subscription.id}'`, {
      param: 'subscription',
      code: 'resource_missing',
    });
  return shownPreview(world, previewOf(world, subscription, details));
}

interface PreviewDetails {
  readonly items?: z.output<typeof wantedItem>[] | undefined;
  readonly proration_behavior?: z.output<typeof prorationBehaviors> | undefined;
  readonly proration_date?: number | undefined;
  readonly cancel_at_period_end?: boolean | undefined;
}

function previewOf(
  world: World,
  subscription: Subscription,
  {
    items = [],
    proration_behavior: behavior,
    proration_date: at = world.now(),
    cancel_at_period_end: ends,
  }: PreviewDetails,
): NewInvoice {
  const planned = planChange(world, subscription, items, { prorates: behavior !== 'none', at });
  const pending = pendingLines(world, subscription);
  const isNow = items.length > 0 && (behavior === 'always_invoice' || planned.startsAnew);
  if (isNow)
    return {
      ...{ subscription, reason: 'subscription_update', prorationDate: at },
      lines: [...pending, ...planned.lines],
      period: { start: at, end: world.now() },
    };
  const isOver = subscription.status === 'canceled' || subscription.status === 'incomplete_expired';
  if (isOver || (ends ?? subscription.cancel_at !== null))
    throw impossible('No upcoming invoices for customer', { code: 'invoice_upcoming_none' });
  const { start, end } = periodOf(subscription);
  const [first] = planned.items;
  if (!first) throw impossible('No upcoming invoices for customer', { code: 'invoice_upcoming_none' });
  const next = {
    start: end,
    end: nextBoundary(subscription.billing_cycle_anchor, recurrenceOf(first.price), end),
  };
  const lines = [...pending, ...planned.lines, ...periodLines(world, subscription.id, planned.items, next)];
  return { ...{ subscription, lines, reason: 'subscription_cycle' }, period: { start, end } };
}

/** What somebody who subscribes would pay. */
function previewOfNew(
  world: World,
  customerId: string | undefined,
  items: z.output<typeof wantedItem>[],
): object {
  if (customerId === undefined)
    throw invalid('You must provide a customer or a subscription.', { param: 'customer' });
  const customer = world.get('customer', customerId, 'customer');
  const [first, ...others] = sellingOf(world, items);
  if (!first) throw invalid('You must provide items.', { param: 'subscription_details[items]' });
  const now = world.now();
  const period = { start: now, end: nextBoundary(now, recurrenceOf(first.price), now) };
  const id = 'sub_preview';
  const made = [first, ...others].map((one) => newItem(world, id, one, period));
  const subscription = {
    id,
    customer: customer.id,
    currency: first.price.currency,
    metadata: {},
  } as Subscription;
  return shownPreview(world, {
    ...{ subscription, reason: 'subscription_create', period },
    lines: periodLines(world, id, made, period),
  });
}

function shownPreview(world: World, asked: NewInvoice): object {
  const invoice = draftInvoice(world, asked, `upcoming_in_${world.newId('1')}`);
  const { total, starting_balance: balance } = invoice;
  return { ...invoice, ending_balance: balance + Math.max(0, total + balance) - total };
}
