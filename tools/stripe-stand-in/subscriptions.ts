import { z } from 'zod';
import { collect, methodFor } from './collecting.ts';
import { behaviours, createSubscription, ownMethod, requirePaid } from './creating-subscriptions.ts';
import { finalize, makeInvoice } from './invoices.ts';
import type { Subscription } from './objects.ts';
import { created, flag, metadata, paging, parameters, text, whole } from './parameters.ts';
import { addPending, pendingLines, usePending } from './pending-lines.ts';
import { impossible, missing } from './problem.ts';
import { type Call, isWithin, mergedMetadata, pageOf, type Routes } from './routes.ts';
import { planChange, type PlannedChange, prorationBehaviors } from './subscription-changes.ts';
import { endNow } from './subscription-endings.ts';
import { periodOf, wantedItem, withItems } from './subscription-items.ts';
import type { World } from './world.ts';

const statuses = [
  'active',
  'all',
  'canceled',
  'ended',
  'incomplete',
  'incomplete_expired',
  'past_due',
  'paused',
  'trialing',
  'unpaid',
] as const;

export const subscriptionRoutes: Routes = {
  'POST /v1/subscriptions': createSubscription,
  'GET /v1/subscriptions': list,
  'GET /v1/subscriptions/:id': ({ world, path }) => world.get('subscription', path('id')),
  'POST /v1/subscriptions/:id': update,
  'DELETE /v1/subscriptions/:id': cancel,
  'POST /v1/subscriptions/:id/resume': ({ world, path }) => {
    const { status } = world.get('subscription', path('id'));
    throw impossible(
      `This subscription cannot be resumed because it is not paused: its status is ${status}.`,
    );
  },
};

function list({ world, form, route }: Call): object {
  const {
    customer,
    status,
    price,
    created: times,
    ...page
  } = parameters(form, {
    ...{ customer: z.string().optional(), status: z.enum(statuses).optional() },
    ...{ price: z.string().optional(), created: created.optional() },
    ...paging,
  });
  const found = world
    .all('subscription')
    .filter((one) => isWithin(one, times) && (customer === undefined || one.customer === customer))
    .filter((one) => isListedAs(one, status))
    .filter((one) => price === undefined || one.items.data.some((item) => item.price.id === price));
  return pageOf(route, found, page);
}

/** Without a status, what was canceled is left out. */
function isListedAs({ status }: Subscription, asked: (typeof statuses)[number] | undefined): boolean {
  if (asked === 'all') return true;
  if (asked === 'ended') return status === 'canceled' || status === 'incomplete_expired';
  return asked === undefined ? status !== 'canceled' : status === asked;
}

const changes = {
  items: z.array(wantedItem).optional(),
  proration_behavior: prorationBehaviors.optional(),
  proration_date: whole.optional(),
  payment_behavior: z.enum(behaviours).optional(),
  off_session: flag.optional(),
  cancel_at_period_end: flag.optional(),
  cancel_at: z.union([z.literal(''), whole]).optional(),
  cancellation_details: z.strictObject({ comment: text, feedback: z.string() }).partial().optional(),
  default_payment_method: z.string().optional(),
  description: text.optional(),
  trial_end: z.union([z.literal('now'), whole]).optional(),
  metadata: metadata.optional(),
};
type Changes = z.output<z.ZodObject<typeof changes>>;

function update({ world, form, path }: Call): Subscription {
  const asked = parameters(form, changes);
  const subscription = world.get('subscription', path('id'));
  if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired') {
    const isDescribed = asked.metadata !== undefined && Object.keys(asked).length === 1;
    if (!isDescribed)
      throw impossible('A canceled subscription can only update its cancellation_details and metadata.', {
        code: 'invalid_canceled_subscription_fields',
      });
  }
  const planned = asked.items && plannedFor(world, subscription, asked);
  const { default_payment_method: method } = asked;
  ownMethod(world, method === '' ? undefined : method, world.require('customer', subscription.customer));
  if (planned) requireChangePaid(world, subscription, asked, planned);
  const [first] = planned?.items ?? [];
  world.change(
    subscription,
    {
      ...detailsOf(subscription, asked),
      ...cancellationOf(world, subscription, asked),
      ...trialOf(world, subscription, asked),
      ...(planned && { items: withItems(subscription.id, planned.items) }),
      ...(planned?.startsAnew && first && { billing_cycle_anchor: first.current_period_start }),
    },
    'customer.subscription.updated',
  );
  if (planned) bill(world, subscription, asked, planned);
  return subscription;
}

function plannedFor(world: World, subscription: Subscription, asked: Changes): PlannedChange {
  if (subscription.status === 'incomplete')
    throw impossible(
      'You cannot update a subscription that is in `incomplete` status in this way. Only the default source and metadata may be updated.',
    );
  const { items = [], proration_behavior: behavior, proration_date: at = world.now() } = asked;
  return planChange(world, subscription, items, { prorates: behavior !== 'none', at });
}

/** Whether an invoice is made at once. */
function isInvoicedNow(
  { startsAnew, lines }: PlannedChange,
  { proration_behavior: behavior }: Changes,
): boolean {
  return lines.length > 0 && (startsAnew || behavior === 'always_invoice');
}

/** @throws Problem 402 where what must be paid would not be */
function requireChangePaid(
  world: World,
  subscription: Subscription,
  asked: Changes,
  planned: PlannedChange,
): void {
  if (asked.payment_behavior !== 'error_if_incomplete' || !isInvoicedNow(planned, asked)) return;
  const customer = world.require('customer', subscription.customer);
  const lines = [...planned.lines, ...pendingLines(world, subscription)];
  const due = lines.reduce((sum, { amount }) => sum + amount, customer.balance);
  if (due <= 0) return;
  const method = methodFor(world, subscription);
  if (!method)
    throw impossible('This customer has no attached payment source or default payment method.', {
      code: 'resource_missing',
    });
  requirePaid(world, method, asked.off_session ? 'away' : 'there');
}

function bill(world: World, subscription: Subscription, asked: Changes, planned: PlannedChange): void {
  if (!isInvoicedNow(planned, asked)) {
    addPending(world, subscription, planned.lines);
    return;
  }
  const prorationDate = asked.proration_date ?? world.now();
  const invoice = makeInvoice(world, {
    ...{ subscription, reason: 'subscription_update', prorationDate },
    lines: [...pendingLines(world, subscription), ...planned.lines],
    period: { start: prorationDate, end: world.now() },
  });
  usePending(world, subscription, invoice.id);
  world.change(subscription, { latest_invoice: invoice.id }, 'customer.subscription.updated');
  finalize(world, invoice);
  if (invoice.status === 'open' && asked.payment_behavior !== 'default_incomplete')
    collect(world, invoice, methodFor(world, subscription), asked.off_session ? 'away' : 'there');
}

function detailsOf(subscription: Subscription, asked: Changes): Partial<Subscription> {
  const { default_payment_method: method, description } = asked;
  return {
    ...(asked.metadata !== undefined && { metadata: mergedMetadata(subscription.metadata, asked.metadata) }),
    ...(method !== undefined && { default_payment_method: method || null }),
    ...(description !== undefined && { description: description || null }),
  };
}

function cancellationOf(world: World, subscription: Subscription, asked: Changes): Partial<Subscription> {
  const { cancel_at_period_end: atEnd, cancel_at: at, cancellation_details: given } = asked;
  const details = {
    comment: null,
    feedback: null,
    feedback_option: null,
    reason: null,
    ...subscription.cancellation_details,
  };
  const said = {
    ...(given?.comment !== undefined && { comment: given.comment || null }),
    ...(given?.feedback !== undefined && { feedback: (given.feedback || null) as never }),
  };
  if (atEnd === false || at === '')
    return {
      ...{ cancel_at: null, cancel_at_period_end: false, canceled_at: null },
      cancellation_details: { ...details, ...said, reason: null },
    };
  const end = atEnd ? periodOf(subscription).end : at;
  if (end === undefined) return given ? { cancellation_details: { ...details, ...said } } : {};
  return {
    cancel_at: end,
    cancel_at_period_end: atEnd ?? false,
    canceled_at: subscription.canceled_at ?? world.now(),
    cancellation_details: { ...details, ...said, reason: 'cancellation_requested' },
  };
}

/** A trial that ends now is over at the next look at the clock. */
function trialOf(
  world: World,
  subscription: Subscription,
  { trial_end: end }: Changes,
): Partial<Subscription> {
  if (end === undefined) return {};
  if (end !== 'now' && end <= world.now())
    throw impossible('trial_end must be in the future', { param: 'trial_end' });
  const moment = end === 'now' ? world.now() : end;
  const items = subscription.items.data.map((item) => ({ ...item, current_period_end: moment }));
  return {
    ...{ trial_end: moment, trial_start: subscription.trial_start ?? world.now(), status: 'trialing' },
    billing_cycle_anchor: moment,
    items: withItems(subscription.id, items),
  };
}

function cancel({ world, form, path }: Call): Subscription {
  parameters(form, {
    ...{ invoice_now: flag.optional(), prorate: flag.optional() },
    cancellation_details: z.looseObject({}).optional(),
  });
  const subscription = world.get('subscription', path('id'));
  // Stripe has no such subscription any more, as far as this is asked.
  if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired')
    throw missing('subscription', subscription.id);
  return endNow(world, subscription, 'cancellation_requested');
}
