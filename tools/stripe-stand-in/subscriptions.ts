import {
  declined,
  type Form,
  formsIn,
  found,
  invalid,
  metadataOf,
  needed,
  StripeProblem,
  text,
} from './answers.ts';
import { charge, endUnpaid, invoiceFields, type Line, makeInvoice } from './invoices.ts';
import { periodEnd } from './prices.ts';
import type { StripeObject, World } from './world.ts';

const HOUR = 3600;
/** How long a first payment may wait for the person. */
const INCOMPLETE_SECONDS = 23 * HOUR;

interface Item {
  readonly id: string;
  price: StripeObject;
  quantity: number;
  current_period_start: number;
  current_period_end: number;
  [field: string]: unknown;
}

function itemOf(subscription: StripeObject): Item {
  const [item] = (subscription.items as { data: Item[] }).data;
  if (!item) throw new Error('A subscription has an item');
  return item;
}

export interface NewSubscription {
  readonly customer: string;
  readonly price: string;
  readonly quantity: number;
  readonly method: string | undefined;
  readonly metadata: Record<string, string>;
}

export function createSubscription(world: World, form: Form): StripeObject {
  const [item] = formsIn(form, 'items');
  if (!item) throw invalid('Missing required param: items.', 'parameter_missing', 'items');
  return subscribe(world, {
    customer: needed(form, 'customer'),
    price: needed(item, 'price'),
    quantity: wholeQuantity(text(item, 'quantity') ?? '1'),
    method: text(form, 'default_payment_method'),
    metadata: metadataOf(form),
  });
}

/** With `payment_behavior: allow_incomplete`, the only one that is played. */
export function subscribe(world: World, asked: NewSubscription): StripeObject {
  const customer = found(world, 'customer', asked.customer);
  const price = sold(world, asked.price);
  const method = asked.method ?? defaultMethod(customer);
  if (method === undefined)
    throw invalid(
      'This customer has no attached payment source or default payment method.',
      'resource_missing',
    );
  if (found(world, 'payment_method', method).customer !== customer.id)
    throw invalid(
      'The payment method is not attached to the customer.',
      'resource_missing',
      'default_payment_method',
    );
  const subscription = newSubscription(world, asked, price);
  const { current_period_start: start, current_period_end: end } = itemOf(subscription);
  const invoice = makeInvoice(world, {
    ...{ customer: customer.id, subscription: subscription.id, currency: String(price.currency) },
    ...{ reason: 'subscription_create', lines: [wholePeriod(price, asked.quantity, start, end)] },
  });
  subscription.latest_invoice = invoice.id;
  const came = charge(world, invoice, world.find(method));
  subscription.status = came === 'paid' ? 'active' : 'incomplete';
  if (came === 'paid') world.emit('customer.subscription.updated', subscription);
  return subscription;
}

function newSubscription(
  world: World,
  { customer, quantity, method, metadata }: NewSubscription,
  price: StripeObject,
): StripeObject {
  const now = world.now();
  const made = world.add('subscription', 'sub', {
    ...{ customer, metadata, currency: price.currency, status: 'incomplete', start_date: now },
    ...{
      billing_cycle_anchor: now,
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      ended_at: null,
    },
    ...{
      default_payment_method: method ?? null,
      latest_invoice: null as string | null,
      pause_collection: null,
    },
    ...{ trial_start: null, trial_end: null, collection_method: 'charge_automatically', description: null },
    ...{ application: null, discounts: [], pending_update: null, schedule: null, test_clock: null },
    items: { object: 'list', has_more: false, url: '/v1/subscription_items', data: [] as Item[] },
  });
  made.items.data.push({
    ...{ id: made.id.replace('sub_', 'si_'), object: 'subscription_item', created: now, metadata: {} },
    ...{ price, quantity, subscription: made.id, discounts: [], tax_rates: [] },
    ...{ current_period_start: now, current_period_end: periodEnd(now, price) },
  });
  world.emit('customer.subscription.created', made);
  return made;
}

function wholePeriod(price: StripeObject, quantity: number, start: number, end: number): Line {
  const amount = Number(price.unit_amount) * quantity;
  const description = `${quantity} × ${price.id}`;
  return { amount, description, start, end, price: price.id, quantity, proration: false };
}

function sold(world: World, id: string): StripeObject {
  const price = world.find(id);
  if (price?.object !== 'price')
    throw invalid(`No such price: '${id}'`, 'resource_missing', 'items[0][price]');
  if (price.active !== true)
    throw invalid(`The price specified is inactive.`, 'price_inactive', 'items[0][price]');
  return price;
}

function wholeQuantity(quantity: string): number {
  if (!/^[0-9]{1,9}$/.test(quantity))
    throw invalid('Invalid integer', 'parameter_invalid_integer', 'quantity');
  return Number(quantity);
}

function defaultMethod(customer: StripeObject): string | undefined {
  return (
    (customer.invoice_settings as { default_payment_method: string | null }).default_payment_method ??
    undefined
  );
}

function methodOf(world: World, subscription: StripeObject): StripeObject | undefined {
  const own = subscription.default_payment_method as string | null;
  const id = own ?? defaultMethod(found(world, 'customer', String(subscription.customer)));
  return id === undefined ? undefined : world.find(id);
}

export function updateSubscription(world: World, id: string, form: Form): StripeObject {
  const subscription = found(world, 'subscription', id);
  if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired')
    throw invalid('A canceled subscription can only update its cancellation_details and metadata.');
  const [wanted] = formsIn(form, 'items');
  if (wanted) changeItem(world, subscription, wanted, form);
  subscription.metadata = metadataOf(form, subscription.metadata as object);
  const atEnd = text(form, 'cancel_at_period_end');
  if (atEnd !== undefined) {
    const { current_period_end: end } = itemOf(subscription);
    const isCancelled = atEnd === 'true';
    Object.assign(subscription, {
      cancel_at_period_end: isCancelled,
      cancel_at: isCancelled ? end : null,
      canceled_at: isCancelled ? world.now() : null,
    });
  }
  const method = text(form, 'default_payment_method');
  if (method !== undefined)
    subscription.default_payment_method = method === '' ? null : found(world, 'payment_method', method).id;
  world.emit('customer.subscription.updated', subscription);
  return subscription;
}

/** Charged at once (`always_invoice`); what cannot be charged is not changed (`error_if_incomplete`). */
function changeItem(world: World, subscription: StripeObject, wanted: Form, form: Form): void {
  const change = changeOf(world, subscription, wanted, text(form, 'proration_date'));
  const method = methodOf(world, subscription);
  const isCharged = text(form, 'proration_behavior') !== 'none' && change.lines.length > 0;
  if (isCharged) {
    const invoice = makeInvoice(world, { ...change.invoice, lines: change.lines });
    const came = charge(world, invoice, method);
    if (came !== 'paid') {
      endUnpaid(world, invoice.id, 'void');
      throw came === 'asks'
        ? new StripeProblem(402, {
            type: 'card_error',
            code: 'authentication_required',
            message: 'The payment needs the person.',
          })
        : declined('generic_decline');
    }
    subscription.latest_invoice = invoice.id;
  }
  const item = itemOf(subscription);
  Object.assign(item, { price: change.price, quantity: change.quantity });
  if (change.start !== item.current_period_start)
    Object.assign(item, {
      current_period_start: change.start,
      current_period_end: periodEnd(change.start, change.price),
    });
}

/** What a change of price or quantity costs: the rest of the period is credited at the old price and charged at the new one. */
function changeOf(world: World, subscription: StripeObject, wanted: Form, at: string | undefined) {
  const item = itemOf(subscription);
  const price = text(wanted, 'price') === undefined ? item.price : sold(world, needed(wanted, 'price'));
  if (price.currency !== subscription.currency)
    throw invalid('The price has another currency than the subscription.');
  const quantity = wholeQuantity(text(wanted, 'quantity') ?? String(item.quantity));
  const { current_period_start: start, current_period_end: end } = item;
  const from = at === undefined ? world.now() : Number(at);
  if (from < start || from > end)
    throw invalid('proration_date must lie in the current period.', undefined, 'proration_date');
  const part = (unit: unknown, of: number) => Math.round((Number(unit) * of * (end - from)) / (end - start));
  const isOtherInterval = interval(price) !== interval(item.price);
  const [newStart, newEnd] = isOtherInterval ? [from, periodEnd(from, price)] : [from, end];
  const charged = isOtherInterval ? Number(price.unit_amount) * quantity : part(price.unit_amount, quantity);
  const rest = { start: newStart, end: newEnd, price: price.id, quantity, proration: true };
  const lines: Line[] = [
    {
      ...rest,
      end,
      price: item.price.id,
      quantity: item.quantity,
      amount: -part(item.price.unit_amount, item.quantity),
      description: `Unused time of ${item.quantity} × ${item.price.id}`,
    },
    { ...rest, amount: charged, description: `Remaining time of ${quantity} × ${price.id}` },
  ];
  const invoice = {
    customer: String(subscription.customer),
    subscription: subscription.id,
    currency: String(price.currency),
    reason: 'subscription_update' as const,
  };
  return { price, quantity, start: isOtherInterval ? from : start, lines, invoice };
}

function interval(price: StripeObject): string {
  return (price.recurring as { interval: string }).interval;
}

export function previewInvoice(world: World, form: Form): object {
  const subscription = found(world, 'subscription', needed(form, 'subscription'));
  const details = form.subscription_details as Form | undefined;
  const [wanted] = formsIn(details ?? {}, 'items');
  if (!wanted) throw invalid('Only changes of an item are previewed here.');
  const { lines, invoice } = changeOf(world, subscription, wanted, text(details ?? {}, 'proration_date'));
  return {
    id: `upcoming_${subscription.id}`,
    object: 'invoice',
    created: world.now(),
    livemode: false,
    ...invoiceFields(world, { ...invoice, lines }),
  };
}

/** At once; an open invoice is not collected any more. */
export function endNow(world: World, subscription: StripeObject): StripeObject {
  if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired') return subscription;
  const now = world.now();
  const latest = world.find(String(subscription.latest_invoice));
  if (latest?.status === 'open') latest.next_payment_attempt = null;
  Object.assign(subscription, {
    status: 'canceled',
    canceled_at: subscription.canceled_at ?? now,
    ended_at: now,
  });
  world.emit('customer.subscription.deleted', subscription);
  return subscription;
}

/** Pays an open invoice with the default card, or with another one; what waits for it goes on. */
export function payInvoice(world: World, id: string, method: string | undefined): StripeObject {
  const invoice = found(world, 'invoice', id);
  if (invoice.status !== 'open')
    throw invalid(`Invoice is ${String(invoice.status)}`, 'invoice_not_editable');
  const { subscription: subscriptionId } = (
    invoice.parent as { subscription_details: { subscription: string } }
  ).subscription_details;
  const subscription = found(world, 'subscription', subscriptionId);
  const came = charge(
    world,
    invoice,
    method === undefined ? methodOf(world, subscription) : world.find(method),
  );
  settle(world, subscription, came === 'paid', Number(invoice.attempt_count));
  if (came !== 'paid') throw declined('generic_decline');
  return invoice;
}

function settle(world: World, subscription: StripeObject, isPaid: boolean, attempts: number): void {
  const { status } = subscription;
  if (isPaid && (status === 'incomplete' || status === 'past_due')) subscription.status = 'active';
  else if (!isPaid && status === 'active') subscription.status = 'past_due';
  else if (!isPaid && attempts > 3) {
    endNow(world, subscription);
    return;
  } else return;
  world.emit('customer.subscription.updated', subscription);
}

/** The next thing that time does to a subscription or its invoice, and when. */
export function nextOf(
  world: World,
  subscription: StripeObject,
): { at: number; happen: () => void } | undefined {
  const { status } = subscription;
  if (status === 'canceled' || status === 'incomplete_expired') return undefined;
  if (status === 'incomplete')
    return { at: subscription.created + INCOMPLETE_SECONDS, happen: () => expire(world, subscription) };
  const invoice = world.find(String(subscription.latest_invoice));
  const { current_period_end: end } = itemOf(subscription);
  const retry = invoice?.status === 'open' ? Number(invoice.next_payment_attempt ?? Infinity) : Infinity;
  if (invoice && retry <= end) return { at: retry, happen: () => retryPayment(world, invoice) };
  return {
    at: end,
    happen: () =>
      subscription.cancel_at_period_end === true ? endNow(world, subscription) : renew(world, subscription),
  };
}

function expire(world: World, subscription: StripeObject): void {
  const invoice = world.find(String(subscription.latest_invoice));
  if (invoice?.status === 'open') endUnpaid(world, invoice.id, 'void');
  Object.assign(subscription, { status: 'incomplete_expired', ended_at: world.now() });
  world.emit('customer.subscription.updated', subscription);
}

function retryPayment(world: World, invoice: StripeObject): void {
  try {
    payInvoice(world, invoice.id, undefined);
  } catch (problem) {
    if (!(problem instanceof StripeProblem)) throw problem;
  }
}

function renew(world: World, subscription: StripeObject): void {
  const item = itemOf(subscription);
  const start = item.current_period_end;
  Object.assign(item, { current_period_start: start, current_period_end: periodEnd(start, item.price) });
  world.emit('customer.subscription.updated', subscription);
  const invoice = makeInvoice(world, {
    ...{
      customer: String(subscription.customer),
      subscription: subscription.id,
      currency: String(subscription.currency),
    },
    reason: 'subscription_cycle',
    lines: [wholePeriod(item.price, item.quantity, start, item.current_period_end)],
  });
  subscription.latest_invoice = invoice.id;
  const came = charge(world, invoice, methodOf(world, subscription));
  settle(world, subscription, came === 'paid', Number(invoice.attempt_count));
}
