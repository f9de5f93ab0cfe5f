import type { Invoice, InvoiceLine, Subscription } from './objects.ts';
import { wholeList } from './routes.ts';
import type { World } from './world.ts';

/** Seconds that an invoice of a renewal stays a draft. */
const DRAFT_SECONDS = 3600;

/** A line before it is in an invoice. */
export type NewLine = Pick<InvoiceLine, 'amount' | 'currency' | 'description' | 'period' | 'quantity'> & {
  readonly price: { readonly id: string; readonly product: string; readonly unitAmount: string | null };
  readonly subscription: string;
  readonly item: string;
  readonly isProration: boolean;
};

export interface NewInvoice {
  readonly subscription: Subscription;
  readonly reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  readonly lines: readonly NewLine[];
  readonly period: { readonly start: number; readonly end: number };
  readonly prorationDate?: number;
  /** Renewals wait an hour as drafts; the rest is finalized at once. */
  readonly isDraftFirst?: boolean;
}

/** An invoice as a draft; not yet kept. */
export function draftInvoice(world: World, asked: NewInvoice, id = world.newId('in_1')): Invoice {
  const { subscription, reason, period } = asked;
  const customer = world.require('customer', subscription.customer);
  const lines = asked.lines.map((line) => lineOf(world, line, id));
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  return {
    ...{ ...structuredClone(emptyInvoice), id, currency: subscription.currency, customer: customer.id },
    ...{ customer_address: customer.address ?? null, customer_email: customer.email },
    ...{ customer_name: customer.name ?? null, customer_phone: customer.phone ?? null },
    ...amountsOf(total, customer.balance),
    automatically_finalizes_at: asked.isDraftFirst ? world.now() + DRAFT_SECONDS : null,
    billing_reason: reason,
    created: world.now(),
    lines: wholeList(`/v1/invoices/${id}/lines`, lines),
    parent: {
      quote_details: null,
      subscription_details: {
        metadata: subscription.metadata,
        subscription: subscription.id,
        ...(asked.prorationDate !== undefined && { subscription_proration_date: asked.prorationDate }),
      },
      type: 'subscription_details',
    },
    period_end: period.end,
    period_start: period.start,
    starting_balance: customer.balance,
  };
}

/** What of a total is due, where the customer has credit (a balance below 0) or owes from before. */
export function amountsOf(total: number, balance: number) {
  const due = Math.max(0, total + balance);
  return {
    ...{ amount_due: due, amount_remaining: due, subtotal: total, total },
    ...{ subtotal_excluding_tax: total, total_excluding_tax: total },
  };
}

function lineOf(world: World, line: NewLine, invoice: string): InvoiceLine {
  const { price, subscription, item, isProration, ...rest } = line;
  return {
    ...{ ...rest, id: world.newId('il_1'), object: 'line_item' },
    discount_amounts: [],
    discountable: !isProration,
    discounts: [],
    invoice,
    livemode: false,
    metadata: {},
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: isProration,
        proration_details: { credited_items: null },
        subscription,
        subscription_item: item,
      },
      type: 'subscription_item_details',
    },
    pretax_credit_amounts: [],
    pricing: {
      type: 'price_details',
      price_details: { price: price.id, product: price.product },
      unit_amount_decimal: price.unitAmount,
    },
    quantity_decimal: rest.quantity === null ? null : String(rest.quantity),
    subscription,
    subtotal: rest.amount,
    taxes: [],
  };
}

const emptyInvoice: Omit<
  Invoice,
  'id' | 'currency' | 'customer' | 'created' | 'lines' | 'parent' | 'period_start' | 'period_end'
> = {
  object: 'invoice',
  account_country: 'DE',
  account_name: 'Stripe stand-in',
  account_tax_ids: null,
  amount_due: 0,
  amount_overpaid: 0,
  amount_paid: 0,
  amount_paid_off_stripe: 0,
  amount_remaining: 0,
  amount_shipping: 0,
  application: null,
  attempt_count: 0,
  attempted: false,
  auto_advance: true,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
  automatically_finalizes_at: null,
  billing_reason: null,
  collection_method: 'charge_automatically',
  custom_fields: null,
  customer_account: null,
  customer_address: null,
  customer_email: null,
  customer_name: null,
  customer_phone: null,
  customer_shipping: null,
  customer_tax_exempt: 'none',
  customer_tax_ids: [],
  default_payment_method: null,
  default_source: null,
  default_tax_rates: [],
  description: null,
  discounts: [],
  due_date: null,
  effective_at: null,
  ending_balance: null,
  footer: null,
  from_invoice: null,
  hosted_invoice_url: null,
  invoice_pdf: null,
  issuer: { type: 'self' },
  last_finalization_error: null,
  latest_revision: null,
  livemode: false,
  metadata: {},
  next_payment_attempt: null,
  number: null,
  on_behalf_of: null,
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  receipt_number: null,
  rendering: null,
  shipping_cost: null,
  shipping_details: null,
  starting_balance: 0,
  statement_descriptor: null,
  status: 'draft',
  status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  subtotal: 0,
  subtotal_excluding_tax: 0,
  test_clock: null,
  total: 0,
  total_discount_amounts: [],
  total_excluding_tax: 0,
  total_pretax_credit_amounts: [],
  total_taxes: [],
  webhooks_delivered_at: null,
};
