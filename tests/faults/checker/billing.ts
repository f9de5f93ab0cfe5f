import type { Memory } from '../memory.ts';
import type { Finding } from './finding.ts';
import type { Registered, StoredEvent, Stores } from './stores.ts';
import type { StripeObjects, StripeSubscription } from './stripe-objects.ts';

/** Compares what clients were told of subscriptions, what Stripe has, and what billing has recorded and published of it. */
export function billingAndStripe(memory: Memory, stores: Stores): Finding[] {
  const { billing, stripe } = stores;
  return [
    ...answers(memory, stores),
    ...madeOnce(memory, stores),
    ...chargedOnce(stripe),
    ...inRegister('subscription', billing.subscriptions, stripe.subscriptions),
    ...inRegister('invoice', billing.invoices, stripe.invoices),
    ...facts(stores),
    ...ends(stores),
  ];
}

/** What was answered is so at Stripe. */
function answers({ creations, cancelled }: Memory, { billing, stripe }: Stores): Finding[] {
  const found: Finding[] = [];
  const missing = (what: string): void => void found.push({ kind: 'acknowledged and missing', what });
  const subscriptions = new Map(stripe.subscriptions.map((one) => [one.id, one]));
  const completed = Map.groupBy(
    billing.events.filter(
      ({ type, data }) => type === 'intent-completed' && data.operation === 'subscription.create',
    ),
    ({ data }) => data.objectId,
  );
  for (const { what, id } of creations) {
    if (what !== 'subscription' || id === null) continue;
    if (!subscriptions.has(id)) missing(`subscription ${id} is not at Stripe`);
    const times = completed.get(id)?.length ?? 0;
    if (times === 0) missing(`the order of subscription ${id} was not completed`);
    if (times > 1) found.push({ kind: 'doubled', what: `${times} orders made subscription ${id}` });
  }
  for (const id of new Set(cancelled))
    if (subscriptions.get(id)?.status !== 'canceled') missing(`subscription ${id} was not cancelled`);
  return found;
}

/** One customer for each organization, one subscription for each order, and no more than were asked for. */
function madeOnce({ creations }: Memory, { billing, stripe }: Stores): Finding[] {
  const found: Finding[] = [];
  const doubled = (what: string): void => void found.push({ kind: 'doubled', what });
  const organizationOf = new Map(
    stripe.customers.map(({ id, metadata }) => [id, metadata.vouchsafe_organization]),
  );
  for (const [organizationId, of] of Map.groupBy(organizationOf, ([, organization]) => organization))
    if (of.length > 1) doubled(`organization ${organizationId} has ${of.length} customers at Stripe`);

  const intents = new Set(
    billing.events.filter(({ type }) => type === 'intent-opened').map(({ data }) => data.intentId),
  );
  for (const [intent, of] of Map.groupBy(stripe.subscriptions, (one) => one.metadata.vouchsafe_intent)) {
    if (!intents.has(intent))
      found.push({ kind: 'entry for nothing', what: `subscription ${of[0]?.id} was made by no order` });
    if (of.length > 1) doubled(`order ${intent} made ${of.length} subscriptions`);
  }

  const asked = Map.groupBy(
    creations.filter(({ what }) => what === 'subscription'),
    (one) => one.organizationId ?? '',
  );
  for (const [organizationId, of] of Map.groupBy(
    stripe.subscriptions,
    ({ customer }) => organizationOf.get(customer) ?? '',
  )) {
    const most = asked.get(organizationId)?.length ?? 0;
    if (of.length > most)
      doubled(`${of.length} subscriptions of organization ${organizationId}, ${most} asked for`);
  }
  return found;
}

/** No run is longer than a subscription's first period: each has one invoice, which is paid by one charge. */
function chargedOnce({ subscriptions, invoices, payments, charges }: StripeObjects): Finding[] {
  const found: Finding[] = [];
  const doubled = (what: string): void => void found.push({ kind: 'doubled', what });
  const bySubscription = Map.groupBy(invoices, ({ parent }) => parent?.subscription_details?.subscription);
  const invoiceOf = new Map(payments.map(({ invoice, payment }) => [payment.payment_intent, invoice]));
  const byInvoice = Map.groupBy(
    charges.filter(({ status }) => status === 'succeeded'),
    ({ payment_intent }) => invoiceOf.get(payment_intent),
  );
  for (const { id } of subscriptions) {
    const of = bySubscription.get(id) ?? [];
    if (of.length > 1) doubled(`subscription ${id} has ${of.length} invoices`);
  }
  const known = new Set(invoices.map(({ id }) => id));
  for (const [invoice, of] of byInvoice) {
    if (invoice === undefined || !known.has(invoice))
      found.push({ kind: 'entry for nothing', what: `charge ${of[0]?.id} is of no invoice` });
    if (of.length > 1) doubled(`invoice ${invoice} was charged ${of.length} times`);
  }
  return found;
}

function inRegister(
  what: 'subscription' | 'invoice',
  register: readonly Registered[],
  there: readonly Registered[],
): Finding[] {
  const found: Finding[] = [];
  const registered = new Map(register.map((one) => [one.id, one]));
  for (const { id, status } of there) {
    const known = registered.get(id)?.status ?? 'absent';
    if (known !== status)
      found.push({
        kind: 'acknowledged and missing',
        what: `${what} ${id} is ${status} at Stripe, and ${known} in billing`,
      });
    registered.delete(id);
  }
  for (const id of registered.keys())
    found.push({ kind: 'entry for nothing', what: `billing has a ${what} ${id} that Stripe has not` });
  return found;
}

/** What began, ended or was paid is one fact. */
function facts({ billing, stripe }: Stores): Finding[] {
  const started = new Set(stripe.subscriptions.filter(wasLive).map(({ id }) => id));
  const ended = new Set(stripe.subscriptions.filter(hasEnded).map(({ id }) => id));
  const paid = new Set(stripe.invoices.filter(({ status }) => status === 'paid').map(({ id }) => id));
  return [
    ...once('subscription-started', 'subscriptionId', started, billing.events),
    ...once('subscription-ended', 'subscriptionId', ended, billing.events),
    ...once('invoice-paid', 'invoiceId', paid, billing.events),
  ];
}

function once(
  type: string,
  field: string,
  expected: ReadonlySet<string>,
  events: readonly StoredEvent[],
): Finding[] {
  const found: Finding[] = [];
  const byId = Map.groupBy(
    events.filter((event) => event.type === type),
    ({ data }) => String(data[field]),
  );
  for (const id of expected)
    if (!byId.has(id)) found.push({ kind: 'acknowledged and missing', what: `no ${type} of ${id}` });
  for (const [id, { length }] of byId) {
    if (!expected.has(id))
      found.push({ kind: 'entry for nothing', what: `${type} of ${id}, and it is not so at Stripe` });
    if (length > 1) found.push({ kind: 'doubled', what: `${length} facts ${type} of ${id}` });
  }
  return found;
}

/** P31: T0 was published where no subscription is live, and is the time of the last end; where one is live, T0 does not stand. */
function ends({ billing, stripe }: Stores): Finding[] {
  const found: Finding[] = [];
  const told = Map.groupBy(
    billing.events.filter(
      ({ type }) => type === 'all-subscriptions-ended' || type === 'subscription-resumed',
    ),
    ({ organizationId }) => organizationId,
  );
  for (const { id, metadata } of stripe.customers) {
    const subscriptions = stripe.subscriptions.filter((one) => one.customer === id && wasLive(one));
    const last = told.get(metadata.vouchsafe_organization ?? '')?.at(-1);
    const published = last?.type === 'all-subscriptions-ended' ? String(last.data.endedAt) : null;
    const expected = endOfAll(subscriptions);
    if (published === expected) continue;
    found.push({
      kind: expected === null ? 'entry for nothing' : 'acknowledged and missing',
      what: `T0 of customer ${id} is ${expected ?? 'none'} by Stripe, and ${published ?? 'none'} was published`,
    });
  }
  return found;
}

function endOfAll(subscriptions: readonly StripeSubscription[]): string | null {
  if (subscriptions.length === 0 || !subscriptions.every(hasEnded)) return null;
  const last = Math.max(...subscriptions.map(({ ended_at }) => ended_at ?? 0));
  return new Date(last * 1000).toISOString();
}

function wasLive({ status }: StripeSubscription): boolean {
  return status !== 'incomplete' && status !== 'incomplete_expired';
}

function hasEnded({ status }: StripeSubscription): boolean {
  return status === 'canceled';
}
