import { z } from 'zod';
import type { NewLine } from './draft-invoice.ts';
import type { Subscription, SubscriptionItem } from './objects.ts';
import { nextBoundary, isSameRecurrence } from './periods.ts';
import { planOf } from './prices.ts';
import { impossible, invalid } from './problem.ts';
import {
  newItem,
  periodLines,
  periodOf,
  prorationLine,
  recurrenceOf,
  requireTogether,
  soldPrice,
  type WantedItem,
} from './subscription-items.ts';
import type { World } from './world.ts';

export const prorationBehaviors = z.enum(['create_prorations', 'always_invoice', 'none']);

/** What a change of items means; nothing is changed by finding out. */
export interface PlannedChange {
  readonly items: SubscriptionItem[];
  /** What is credited and charged for the rest of the period; and the new period, where it begins now. */
  readonly lines: readonly NewLine[];
  /** Another interval begins a new period, which is paid at once. */
  readonly startsAnew: boolean;
}

/** @param at the moment from which the rest of the period counts. @throws Problem for items and prices that do not fit */
export function planChange(
  world: World,
  subscription: Subscription,
  wanted: readonly WantedItem[],
  { prorates, at }: { readonly prorates: boolean; readonly at: number },
): PlannedChange {
  const before = subscription.items.data;
  const period = periodOf(subscription);
  if (at < period.start || at > period.end)
    throw invalid('The proration date must be within the current period of the subscription.', {
      param: 'proration_date',
    });
  const after = itemsAfter(world, subscription, wanted);
  requireTogether(after.map(({ price, quantity = 1 }) => ({ price, quantity })));
  const [first] = after;
  const [was] = before;
  if (!first || !was) throw invalid('A subscription needs at least one item.', { param: 'items' });
  if (first.price.currency !== subscription.currency)
    throw invalid('The price specified is in another currency than the subscription.', { param: 'items' });
  const startsAnew =
    subscription.status !== 'trialing' &&
    !isSameRecurrence(recurrenceOf(first.price), recurrenceOf(was.price));
  if (!startsAnew)
    return { items: after, lines: prorates ? prorationsOf(world, subscription, after, at) : [], startsAnew };
  const now = world.now();
  const next = { start: now, end: nextBoundary(now, recurrenceOf(first.price), now) };
  const items = after.map((item) => ({
    ...item,
    current_period_start: next.start,
    current_period_end: next.end,
  }));
  const credits = before.map((item) => prorationLine(world, subscription.id, item, { at, sign: -1 }));
  const lines = periodLines(world, subscription.id, items, next);
  return { items, lines: prorates ? [...credits, ...lines] : lines, startsAnew };
}

function itemsAfter(
  world: World,
  subscription: Subscription,
  wanted: readonly WantedItem[],
): SubscriptionItem[] {
  const items = subscription.items.data.map((item) => structuredClone(item));
  for (const [nth, { id, price, quantity, deleted }] of wanted.entries()) {
    const param = `items[${nth}]`;
    const place = items.findIndex((item) => item.id === id);
    if (id !== undefined && place === -1)
      throw invalid(`No such subscription item: '${id}'`, {
        param: `${param}[id]`,
        code: 'resource_missing',
      });
    const found = items[place];
    if (!found) {
      if (price === undefined)
        throw invalid(`Missing required param: ${param}[price].`, { param, code: 'parameter_missing' });
      const sold = { price: soldPrice(world, price, `${param}[price]`), quantity: quantity ?? 1 };
      items.push(newItem(world, subscription.id, sold, periodOf(subscription)));
    } else if (deleted) items.splice(place, 1);
    else {
      if (price !== undefined && price !== found.price.id) {
        found.price = structuredClone(soldPrice(world, price, `${param}[price]`));
        found.plan = planOf(found.price);
      }
      if (quantity !== undefined) found.quantity = quantity;
    }
  }
  if (items.length === 0) throw impossible('A subscription must have at least one active plan.');
  return items;
}

/** A trial costs nothing, so nothing of it is credited or charged. */
function prorationsOf(
  world: World,
  subscription: Subscription,
  after: readonly SubscriptionItem[],
  at: number,
): NewLine[] {
  if (subscription.status === 'trialing') return [];
  const before = subscription.items.data;
  const isAsBefore = (one: SubscriptionItem, other: SubscriptionItem | undefined) =>
    one.price.id === other?.price.id && one.quantity === other.quantity;
  const gone = before.filter(
    (item) =>
      !isAsBefore(
        item,
        after.find(({ id }) => id === item.id),
      ),
  );
  const come = after.filter(
    (item) =>
      !isAsBefore(
        item,
        before.find(({ id }) => id === item.id),
      ),
  );
  return [
    ...gone.map((item) => prorationLine(world, subscription.id, item, { at, sign: -1 })),
    ...come.map((item) => prorationLine(world, subscription.id, item, { at, sign: 1 })),
  ];
}
