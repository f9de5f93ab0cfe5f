import { expireSession } from './checkout-sessions.ts';
import { collect, methodFor } from './collecting.ts';
import { finalize, makeInvoice, subscriptionOf } from './invoices.ts';
import type { Invoice, Subscription } from './objects.ts';
import { nextBoundary } from './periods.ts';
import { pendingLines, usePending } from './pending-lines.ts';
import { endNow, expire } from './subscription-endings.ts';
import { periodLines, periodOf, recurrenceOf, withItems } from './subscription-items.ts';
import type { World } from './world.ts';

/** Seconds in which the first invoice must be paid. */
const INCOMPLETE_SECONDS = 23 * 3600;
/** Seconds before a trial's end at which it is told. */
const TRIAL_NOTICE = 3 * 86_400;

interface Due {
  readonly at: number;
  readonly work: () => void;
}

/** Does all that is due until a moment, in order, each at its own time. */
export function doWhatIsDue(world: World, until: number): void {
  for (;;) {
    const next = nextDue(world);
    if (!next || next.at > until) return;
    world.at(next.at, next.work);
  }
}

/** Moves the clock, and does all that is due meanwhile. */
export function moveClock(world: World, to: number): void {
  doWhatIsDue(world, to);
  world.moveTo(to);
}

function nextDue(world: World): Due | undefined {
  const due = [
    ...world.all('subscription').flatMap((one) => dueOfSubscription(world, one)),
    ...world.all('invoice').flatMap((one) => dueOfInvoice(world, one)),
    ...world
      .all('checkout.session')
      .filter(({ status }) => status === 'open')
      .map((one) => ({ at: one.expires_at, work: () => void expireSession(world, one) })),
  ];
  return due.reduce<Due | undefined>((first, one) => (first && first.at <= one.at ? first : one), undefined);
}

function dueOfSubscription(world: World, subscription: Subscription): Due[] {
  const { status, cancel_at: cancelAt, trial_end: trialEnd } = subscription;
  if (status === 'incomplete')
    return [{ at: subscription.created + INCOMPLETE_SECONDS, work: () => expire(world, subscription) }];
  if (status === 'canceled' || status === 'incomplete_expired' || status === 'paused') return [];
  const { end } = periodOf(subscription);
  const isEnded = cancelAt !== null && cancelAt <= end;
  const due: Due[] = [
    isEnded
      ? { at: cancelAt, work: () => void endNow(world, subscription, 'cancellation_requested') }
      : { at: end, work: () => renew(world, subscription) },
  ];
  const isToldOf = world.note(subscription.id).trialWillEnd !== undefined;
  if (status === 'trialing' && trialEnd !== null && !isToldOf)
    due.push({
      at: Math.max(subscription.trial_start ?? 0, trialEnd - TRIAL_NOTICE),
      work: () => {
        world.addNote(subscription.id, { trialWillEnd: 'told' });
        world.tell('customer.subscription.trial_will_end', subscription);
      },
    });
  return due;
}

function dueOfInvoice(world: World, invoice: Invoice): Due[] {
  if (invoice.status === 'draft' && invoice.automatically_finalizes_at !== null)
    return [{ at: invoice.automatically_finalizes_at, work: () => finishDraft(world, invoice) }];
  if (invoice.status === 'open' && invoice.next_payment_attempt !== null)
    return [{ at: invoice.next_payment_attempt, work: () => tryToPay(world, invoice) }];
  return [];
}

function finishDraft(world: World, invoice: Invoice): void {
  finalize(world, invoice);
  if (invoice.status === 'open') tryToPay(world, invoice);
}

function tryToPay(world: World, invoice: Invoice): void {
  const customer = invoice.customer ?? '';
  if (!world.find('customer', customer)) {
    world.change(invoice, { next_payment_attempt: null, auto_advance: false });
    return;
  }
  const own = subscriptionOf(world, invoice)?.default_payment_method ?? null;
  collect(world, invoice, methodFor(world, { customer, default_payment_method: own }), 'there');
}

/** The next period begins, and its invoice is a draft for an hour. */
function renew(world: World, subscription: Subscription): void {
  const [item] = subscription.items.data;
  if (!item) throw new Error('A subscription of the stand-in has no item');
  const { start, end } = periodOf(subscription);
  const next = {
    start: end,
    end: nextBoundary(subscription.billing_cycle_anchor, recurrenceOf(item.price), end),
  };
  const items = subscription.items.data.map((one) => ({
    ...one,
    ...{ current_period_start: next.start, current_period_end: next.end },
  }));
  const wasTrial = subscription.status === 'trialing';
  const invoice = makeInvoice(world, {
    ...{ subscription, reason: 'subscription_cycle', period: { start, end }, isDraftFirst: true },
    lines: [...pendingLines(world, subscription), ...periodLines(world, subscription.id, items, next)],
  });
  usePending(world, subscription, invoice.id);
  // Of somebody who does not pay, invoices are made and left alone.
  if (subscription.status === 'unpaid')
    world.change(invoice, { auto_advance: false, automatically_finalizes_at: null });
  world.change(
    subscription,
    {
      items: withItems(subscription.id, items),
      latest_invoice: invoice.id,
      ...(wasTrial && { status: 'active' as const }),
    },
    'customer.subscription.updated',
  );
}
