import { voidInvoice } from './invoices.ts';
import type { Subscription } from './objects.ts';
import type { World } from './world.ts';

/** Ends a subscription now. Nothing is paid back; what is open is not tried again. */
export function endNow(
  world: World,
  subscription: Subscription,
  reason: 'cancellation_requested' | 'payment_failed',
): Subscription {
  // It never began, so there is nothing to cancel: Stripe says at once what it says where nobody pays within 23 hours.
  // https://github.com/pay-rails/pay/issues/91 shows one that was cancelled after 71 seconds.
  if (subscription.status === 'incomplete') {
    world.change(subscription, { canceled_at: world.now() });
    return expire(world, subscription);
  }
  stopCollecting(world, subscription);
  const details = subscription.cancellation_details;
  world.change(subscription, {
    status: 'canceled',
    canceled_at: subscription.canceled_at ?? world.now(),
    cancellation_details: {
      ...{ comment: null, feedback: null, feedback_option: null, ...details },
      reason: details?.reason ?? reason,
    },
    ended_at: world.now(),
  });
  world.tell('customer.subscription.deleted', subscription);
  return subscription;
}

/** Nobody paid the first invoice in time, or nobody wants it any more. */
export function expire(world: World, subscription: Subscription): Subscription {
  const changes = { status: 'incomplete_expired', ended_at: world.now() } as const;
  world.change(subscription, changes, 'customer.subscription.updated');
  const { latest_invoice: id } = subscription;
  const invoice = id === null ? undefined : world.require('invoice', id);
  if (invoice?.status === 'open') voidInvoice(world, invoice);
  return subscription;
}

function stopCollecting(world: World, subscription: Subscription): void {
  for (const invoice of world.all('invoice')) {
    if (invoice.parent?.subscription_details?.subscription !== subscription.id) continue;
    const stopped = { auto_advance: false, next_payment_attempt: null, automatically_finalizes_at: null };
    if (invoice.status === 'draft' || invoice.status === 'open')
      world.change(invoice, stopped, 'invoice.updated');
  }
}
