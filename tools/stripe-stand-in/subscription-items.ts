import { z } from 'zod';
import type { NewLine } from './draft-invoice.ts';
import type { Price, Subscription, SubscriptionItem } from './objects.ts';
import { flag, whole } from './parameters.ts';
import { type Recurrence } from './periods.ts';
import { planOf, shownAmount } from './prices.ts';
import { impossible, invalid, missing } from './problem.ts';
import { wholeList } from './routes.ts';
import type { World } from './world.ts';

/** An item as a request names it: one that is there, or a new one. */
export const wantedItem = z.strictObject({
  id: z.string().optional(),
  price: z.string().optional(),
  quantity: whole.pipe(z.int().min(0)).optional(),
  deleted: flag.optional(),
  metadata: z.record(z.string(), z.string()).optional(),
});
export type WantedItem = z.output<typeof wantedItem>;

export interface Selling {
  readonly price: Price;
  readonly quantity: number;
}

/** @throws Problem for a price that is unknown or archived */
export function soldPrice(world: World, id: string, param: string): Price {
  const price = world.find('price', id);
  if (!price) throw missing('price', id, param);
  if (!price.active)
    throw invalid(`The price specified is inactive. This field only accepts active prices.`, { param });
  return price;
}

/** @throws Problem where no price is given, or the prices do not go together */
export function sellingOf(world: World, wanted: readonly WantedItem[]): Selling[] {
  const selling = wanted.map(({ price, quantity = 1 }, nth) => {
    const param = `items[${nth}][price]`;
    if (price === undefined)
      throw invalid(`Missing required param: ${param}.`, { param, code: 'parameter_missing' });
    return { price: soldPrice(world, price, param), quantity };
  });
  requireTogether(selling);
  return selling;
}

export function requireTogether(selling: readonly Selling[]): void {
  const [first, ...others] = selling.map(({ price }) => price);
  if (!first) throw invalid('A subscription needs at least one item.', { param: 'items' });
  for (const other of others) {
    if (other.currency !== first.currency)
      throw invalid('All prices on a subscription must have the same currency.', { param: 'items' });
    if (other.recurring?.interval !== first.recurring?.interval)
      throw invalid('All prices on a subscription of the stand-in must have the same interval.', {
        param: 'items',
      });
  }
}

export function recurrenceOf({ recurring, id }: Price): Recurrence {
  if (!recurring) throw impossible(`The price ${id} is not recurring.`);
  return recurring;
}

export function newItem(
  world: World,
  subscription: string,
  { price, quantity }: Selling,
  period: { readonly start: number; readonly end: number },
): SubscriptionItem {
  return {
    id: world.newId('si_', 14),
    object: 'subscription_item',
    billing_thresholds: null,
    created: world.now(),
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(price),
    price: structuredClone(price),
    quantity,
    subscription,
    tax_rates: [],
  };
}

export function withItems(subscription: string, items: SubscriptionItem[]): Subscription['items'] {
  return wholeList(`/v1/subscription_items?subscription=${subscription}`, items);
}

/** The only period of a subscription, whose items all have the same. */
export function periodOf({ items }: Subscription): { readonly start: number; readonly end: number } {
  const [item] = items.data;
  if (!item) throw new Error('A subscription of the stand-in has no item');
  return { start: item.current_period_start, end: item.current_period_end };
}

export function costOf({ price, quantity = 1 }: Pick<SubscriptionItem, 'price' | 'quantity'>): number {
  return (price.unit_amount ?? 0) * quantity;
}

/** What a whole period costs. */
export function periodLines(
  world: World,
  subscription: string,
  items: readonly SubscriptionItem[],
  period: { readonly start: number; readonly end: number },
  isTrial = false,
): NewLine[] {
  return items.map((item) => {
    const { price, quantity = 1 } = item;
    const product = world.find('product', price.product)?.name ?? 'Product';
    const cost = `${shownAmount(price.unit_amount ?? 0, price.currency)} / ${price.recurring?.interval ?? 'month'}`;
    return {
      ...lineBase(item, subscription),
      amount: isTrial ? 0 : costOf(item),
      description: isTrial ? `Trial period for ${product}` : `${quantity} × ${product} (at ${cost})`,
      isProration: false,
      period,
    };
  });
}

/** The part of a period that is left, at an item's cost: credited for what it was, charged for what it becomes. */
export function prorationLine(
  world: World,
  subscription: string,
  item: SubscriptionItem,
  { at, sign }: { readonly at: number; readonly sign: 1 | -1 },
): NewLine {
  const { current_period_start: start, current_period_end: end, price, quantity = 1 } = item;
  const share = (end - at) / (end - start);
  const product = world.find('product', price.product)?.name ?? 'Product';
  const day = new Date(at * 1000).toLocaleDateString('en-GB', {
    ...{ day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' },
  });
  return {
    ...lineBase(item, subscription),
    amount: sign * Math.round(costOf(item) * share),
    description: `${sign < 0 ? 'Unused' : 'Remaining'} time on ${quantity} × ${product} after ${day}`,
    isProration: true,
    period: { start: at, end },
  };
}

function lineBase({ id, price, quantity }: SubscriptionItem, subscription: string) {
  return {
    currency: price.currency,
    item: id,
    price: { id: price.id, product: price.product, unitAmount: price.unit_amount_decimal },
    quantity: quantity ?? 1,
    subscription,
  };
}
