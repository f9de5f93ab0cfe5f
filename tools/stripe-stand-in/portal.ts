import { z } from 'zod';
import { liveCustomer } from './customers.ts';
import { escaped, type Page, type PageCall, type PageRoutes, pageOfHtml, redirect, textOf } from './html.ts';
import type { PortalSession, Subscription } from './objects.ts';
import { parameters } from './parameters.ts';
import { attach, cardOf, makeMethod } from './payment-methods.ts';
import type { Routes } from './routes.ts';
import { periodOf } from './subscription-items.ts';
import { cardNumbered } from './test-cards.ts';
import type { World } from './world.ts';

export const portalRoutes: Routes = {
  'POST /v1/billing_portal/sessions': ({ world, form }) => {
    const asked = parameters(form, {
      ...{ customer: z.string(), return_url: z.string().optional(), locale: z.string().optional() },
      configuration: z.string().optional(),
    });
    const id = world.newId('bps_1');
    const session: PortalSession = {
      id,
      object: 'billing_portal.session',
      configuration: 'bpc_1standin00000000000000',
      created: world.now(),
      customer: liveCustomer(world, asked.customer).id,
      customer_account: null,
      flow: null,
      livemode: false,
      locale: null,
      on_behalf_of: null,
      return_url: asked.return_url ?? null,
      url: `${world.url}/_pages/portal/${id}`,
    };
    return world.add(session, 'billing_portal.session.created');
  },
};

/** In place of Stripe's customer portal: cancel, take that back, change the card. */
export const portalPages: PageRoutes = {
  'GET /_pages/portal/:id': (call) => portalPage(call),
  'POST /_pages/portal/:id': (call) => {
    const { world, form } = call;
    const session = sessionOf(call);
    if (!session) return gone();
    const subscription = world.find('subscription', textOf(form.subscription));
    if (subscription?.customer === session.customer) changeEnd(world, subscription, form.action === 'cancel');
    if (typeof form.card !== 'string') return redirect(`${world.url}/_pages/portal/${session.id}`);
    const error = changeCard(world, session.customer, form.card, textOf(form.name));
    return error === undefined
      ? redirect(`${world.url}/_pages/portal/${session.id}`)
      : portalPage(call, error);
  },
};

function gone(): Page {
  return pageOfHtml('This link is no longer valid', '<p>Ask for a new one.</p>', 404);
}

function sessionOf({ world, path }: PageCall): PortalSession | undefined {
  const session = world.find('billing_portal.session', path('id'));
  return session && world.find('customer', session.customer) && session;
}

function portalPage(call: PageCall, error?: string): Page {
  const { world } = call;
  const session = sessionOf(call);
  if (!session) return gone();
  const live = world
    .all('subscription')
    .filter(
      ({ customer, status }) =>
        customer === session.customer && !['canceled', 'incomplete_expired'].includes(status),
    );
  const back = session.return_url === null ? '' : `<p><a href="${escaped(session.return_url)}">Back</a></p>`;
  return pageOfHtml(
    'Your subscription',
    `${error === undefined ? '' : `<p class="error" role="alert">${escaped(error)}</p>`}
${live.map((one) => subscriptionForm(world, one)).join('\n')}
<h2>Change the card</h2>
<form method="post">
<label>Card number <input name="card" inputmode="numeric" autocomplete="off" required></label>
<label>Name on the card <input name="name" autocomplete="off"></label>
<button>Save card</button>
</form>${back}`,
    error === undefined ? 200 : 402,
  );
}

function subscriptionForm(world: World, subscription: Subscription): string {
  const names = subscription.items.data.map(
    ({ price, quantity }) => `${quantity ?? 1} × ${world.find('product', price.product)?.name ?? 'Product'}`,
  );
  const ends = subscription.cancel_at !== null;
  return `<form method="post"><input type="hidden" name="subscription" value="${escaped(subscription.id)}">
<p>${escaped(names.join(', '))}: ${escaped(subscription.status)}${ends ? ', ends with the period' : ''}</p>
<button name="action" value="${ends ? 'renew' : 'cancel'}">${ends ? 'Don’t cancel' : 'Cancel'}</button></form>`;
}

function changeEnd(world: World, subscription: Subscription, ends: boolean): void {
  if (['canceled', 'incomplete_expired'].includes(subscription.status)) return;
  const details = { comment: null, feedback: null, feedback_option: null };
  world.change(
    subscription,
    {
      cancel_at: ends ? periodOf(subscription).end : null,
      cancel_at_period_end: ends,
      canceled_at: ends ? world.now() : null,
      cancellation_details: { ...details, reason: ends ? 'cancellation_requested' : null },
    },
    'customer.subscription.updated',
  );
}

/** @returns why it was not changed */
function changeCard(world: World, customerId: string, number: string, name: string): string | undefined {
  const card = cardNumbered(number);
  if (card === undefined)
    return 'Only Stripe’s published test cards are taken here. Never enter a real card.';
  const method = makeMethod(world, card, { name });
  const { behaviour, decline } = cardOf(world, method.id);
  if (behaviour === 'declines' && decline) return decline.message;
  attach(world, method, customerId);
  world.addNote(method.id, { isSetUp: true });
  const customer = world.require('customer', customerId);
  const invoice_settings = { ...customer.invoice_settings, default_payment_method: method.id };
  world.change(customer, { invoice_settings }, 'customer.updated');
  for (const subscription of world.all('subscription'))
    if (subscription.customer === customerId && subscription.default_payment_method !== null)
      world.change(subscription, { default_payment_method: method.id }, 'customer.subscription.updated');
  return undefined;
}
