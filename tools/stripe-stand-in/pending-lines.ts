import type { NewLine } from './draft-invoice.ts';
import type { InvoiceItem, Subscription } from './objects.ts';
import type { World } from './world.ts';

/** Keeps what was prorated for the next invoice. */
export function addPending(world: World, subscription: Subscription, lines: readonly NewLine[]): void {
  for (const line of lines) world.add(invoiceItemOf(world, subscription, line), 'invoiceitem.created');
}

export function pendingLines(world: World, subscription: Subscription): NewLine[] {
  return pendingItems(world, subscription).map((item) => ({
    ...{ amount: item.amount, currency: item.currency, description: item.description, period: item.period },
    isProration: item.proration,
    item: item.metadata?.subscription_item ?? '',
    price: {
      id: item.pricing?.price_details?.price ?? '',
      product: item.pricing?.price_details?.product ?? '',
      unitAmount: item.pricing?.unit_amount_decimal ?? null,
    },
    quantity: item.quantity,
    subscription: subscription.id,
  }));
}

/** They are in an invoice now. */
export function usePending(world: World, subscription: Subscription, invoice: string): void {
  for (const item of pendingItems(world, subscription)) world.change(item, { invoice });
}

function pendingItems(world: World, { id }: Subscription): InvoiceItem[] {
  return world
    .all('invoiceitem')
    .filter((item) => item.invoice === null && item.parent?.subscription_details?.subscription === id);
}

function invoiceItemOf(world: World, subscription: Subscription, line: NewLine): InvoiceItem {
  return {
    ...{ id: world.newId('ii_1'), object: 'invoiceitem', amount: line.amount, currency: line.currency },
    customer: subscription.customer,
    customer_account: null,
    date: world.now(),
    description: line.description,
    discountable: false,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: { subscription_item: line.item },
    parent: {
      subscription_details: { subscription: subscription.id, subscription_item: line.item },
      type: 'subscription_details',
    },
    period: line.period,
    pricing: {
      price_details: { price: line.price.id, product: line.price.product },
      type: 'price_details',
      unit_amount_decimal: line.price.unitAmount,
    },
    proration: true,
    proration_details: { credited_items: null, discount_amounts: [] },
    quantity: line.quantity ?? 1,
    quantity_decimal: String(line.quantity ?? 1),
    tax_rates: [],
    test_clock: null,
  };
}
