import { found, invalid } from './answers.ts';
import { chargeProblem } from './cards.ts';
import type { StripeObject, World } from './world.ts';

export interface Line {
  readonly amount: number;
  readonly description: string;
  readonly start: number;
  readonly end: number;
  readonly price: string;
  readonly quantity: number;
  readonly proration: boolean;
}

export interface NewInvoice {
  readonly customer: string;
  readonly subscription: string;
  readonly currency: string;
  readonly reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  readonly lines: readonly Line[];
}

const DAY = 24 * 3600;
/** Days from one attempt to charge a card to the next; after the last, the subscription is canceled. */
const RETRY_DAYS = [3, 5, 7];

/** The fields of an invoice, stored or shown as a preview. */
export function invoiceFields(world: World, asked: NewInvoice) {
  const total = asked.lines.reduce((sum, { amount }) => sum + amount, 0);
  const [start, end] = [
    Math.min(...asked.lines.map((line) => line.start)),
    Math.max(...asked.lines.map((line) => line.end)),
  ];
  return {
    ...{ customer: asked.customer, currency: asked.currency, billing_reason: asked.reason, status: 'draft' },
    ...{
      total,
      subtotal: total,
      amount_due: Math.max(total, 0),
      amount_paid: 0,
      amount_remaining: Math.max(total, 0),
    },
    ...{ starting_balance: 0, ending_balance: null as number | null, amount_overpaid: 0, amount_shipping: 0 },
    ...{ attempt_count: 0, attempted: false, next_payment_attempt: null as number | null, due_date: null },
    ...{
      period_start: start,
      period_end: end,
      number: null as string | null,
      metadata: {},
      description: null,
    },
    ...{
      collection_method: 'charge_automatically',
      auto_advance: true,
      account_country: 'DE',
      account_name: 'Stand-in',
    },
    ...{
      hosted_invoice_url: null as string | null,
      invoice_pdf: null as string | null,
      default_payment_method: null,
    },
    status_transitions: {
      ...{ finalized_at: null as number | null, paid_at: null as number | null },
      ...{ marked_uncollectible_at: null as number | null, voided_at: null as number | null },
    },
    parent: {
      ...{ type: 'subscription_details', quote_details: null },
      subscription_details: { subscription: asked.subscription, metadata: {} },
    },
    confirmation_secret: null as { client_secret: string; type: string } | null,
    lines: {
      object: 'list',
      has_more: false,
      url: '/v1/invoices/lines',
      data: asked.lines.map((line) => lineOf(world, line, asked)),
    },
  };
}

function lineOf(world: World, line: Line, { currency, subscription }: NewInvoice): object {
  return {
    ...{
      id: `il_${line.price}_${line.start}_${line.amount}`,
      object: 'line_item',
      livemode: false,
      metadata: {},
    },
    ...{
      amount: line.amount,
      subtotal: line.amount,
      currency,
      description: line.description,
      quantity: line.quantity,
    },
    ...{
      discountable: !line.proration,
      discounts: [],
      discount_amounts: [],
      taxes: [],
      pretax_credit_amounts: [],
    },
    ...{ invoice: null, period: { start: line.start, end: line.end }, subscription },
    pricing: {
      type: 'price_details',
      price_details: { price: line.price, product: world.find(line.price)?.product },
    },
  };
}

/** Made and finalized at once; Stripe waits an hour before it finalizes one of a renewal. */
export function makeInvoice(world: World, asked: NewInvoice): StripeObject {
  const invoice = world.add('invoice', 'in', invoiceFields(world, asked));
  world.emit('invoice.created', invoice);
  const customer = found(world, 'customer', asked.customer);
  const sequence = customer.next_invoice_sequence as number;
  customer.next_invoice_sequence = sequence + 1;
  // A credit is kept in the customer's balance, and the next invoice uses it.
  const { total } = invoice;
  const balance = Number(customer.balance);
  const due = Math.max(total + balance, 0);
  customer.balance = Math.min(total + balance, 0);
  Object.assign(invoice, {
    ...{ status: 'open', number: `${String(customer.invoice_prefix)}-${customer.id.slice(-8)}-${sequence}` },
    ...{
      amount_due: due,
      amount_remaining: due,
      starting_balance: balance,
      ending_balance: customer.balance,
    },
    hosted_invoice_url: `${world.url()}/stand-in/invoices/${invoice.id}`,
    invoice_pdf: `${world.url()}/stand-in/invoices/${invoice.id}/pdf`,
  });
  transition(invoice, 'finalized_at', world.now());
  world.emit('invoice.finalized', invoice);
  return invoice;
}

function transition(invoice: StripeObject, field: string, at: number): void {
  (invoice.status_transitions as Record<string, number>)[field] = at;
}

/** Charges the card. @returns what it came to */
export function charge(
  world: World,
  invoice: StripeObject,
  method: StripeObject | undefined,
): 'paid' | 'asks' | 'declined' {
  const due = Number(invoice.amount_due);
  if (due === 0) return markPaid(world, invoice);
  const problem = method ? chargeProblem(method) : { decline: 'generic_decline' };
  invoice.attempt_count = Number(invoice.attempt_count) + 1;
  invoice.attempted = true;
  if (problem === null) {
    recordCharge(world, invoice, method);
    return markPaid(world, invoice);
  }
  const secret = `pi_${invoice.id.slice(3)}_secret_${invoice.id.slice(-8)}`;
  invoice.confirmation_secret = { client_secret: secret, type: 'payment_intent' };
  const created = invoice.billing_reason !== 'subscription_cycle';
  const days = created ? undefined : RETRY_DAYS[Number(invoice.attempt_count) - 1];
  invoice.next_payment_attempt = days === undefined ? null : world.now() + days * DAY;
  world.emit(problem === 'asks' ? 'invoice.payment_action_required' : 'invoice.payment_failed', invoice);
  if (problem === 'asks') world.emit('invoice.payment_failed', invoice);
  return problem === 'asks' ? 'asks' : 'declined';
}

/** Money that moved: what a checker counts. */
function recordCharge(world: World, invoice: StripeObject, method: StripeObject | undefined): void {
  world.add('charge', 'ch', {
    ...{
      amount: invoice.amount_due,
      currency: invoice.currency,
      customer: invoice.customer,
      status: 'succeeded',
    },
    ...{ invoice: invoice.id, payment_method: method?.id ?? null, paid: true, refunded: false, metadata: {} },
  });
}

function markPaid(world: World, invoice: StripeObject): 'paid' {
  const paid = invoice.amount_due;
  Object.assign(invoice, {
    status: 'paid',
    amount_paid: paid,
    amount_remaining: 0,
    next_payment_attempt: null,
  });
  Object.assign(invoice, { attempted: true, confirmation_secret: null });
  transition(invoice, 'paid_at', world.now());
  world.emit('invoice.paid', invoice);
  return 'paid';
}

export function endUnpaid(world: World, id: string, status: 'void' | 'uncollectible'): StripeObject {
  const invoice = found(world, 'invoice', id);
  if (invoice.status !== 'open' && !(status === 'void' && invoice.status === 'uncollectible'))
    throw invalid(`An invoice that is ${String(invoice.status)} cannot become ${status}.`);
  Object.assign(invoice, { status, next_payment_attempt: null, auto_advance: false });
  transition(invoice, status === 'void' ? 'voided_at' : 'marked_uncollectible_at', world.now());
  world.emit(status === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', invoice);
  return invoice;
}
