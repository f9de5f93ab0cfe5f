import {
  type Form,
  formsIn,
  found,
  inner,
  invalid,
  metadataOf,
  needed,
  StripeProblem,
  text,
} from './answers.ts';
import { attach, confirmSetupIntent, paymentMethodFrom, setupIntentFor, tokenOfNumber } from './cards.ts';
import { subscribe } from './subscriptions.ts';
import type { StripeObject, World } from './world.ts';

const DAY = 24 * 3600;

export function createCheckoutSession(world: World, form: Form): StripeObject {
  const mode = needed(form, 'mode');
  if (mode !== 'setup' && mode !== 'subscription')
    throw invalid('Only the modes setup and subscription are played here.', undefined, 'mode');
  const customer = found(world, 'customer', needed(form, 'customer'));
  const [line] = formsIn(form, 'line_items');
  if (mode === 'subscription' && world.find(text(line ?? {}, 'price') ?? '')?.active !== true)
    throw invalid('No such price', 'resource_missing', 'line_items[0][price]');
  const made = world.add('checkout.session', 'cs_test', {
    ...{
      mode,
      customer: customer.id,
      metadata: metadataOf(form),
      status: 'open',
      payment_status: mode === 'setup' ? 'no_payment_required' : 'unpaid',
    },
    ...{
      success_url: needed(form, 'success_url'),
      cancel_url: text(form, 'cancel_url') ?? null,
      ui_mode: 'hosted',
    },
    ...{
      expires_at: world.now() + DAY,
      subscription: null as string | null,
      setup_intent: null as string | null,
    },
    ...{
      currency: null,
      amount_total: null,
      amount_subtotal: null,
      payment_intent: null,
      url: '',
    },
    // What the page needs when it is filled in; Stripe does not show it.
    played: {
      ...{ price: text(line ?? {}, 'price') ?? null, quantity: Number(text(line ?? {}, 'quantity') ?? 1) },
      below: metadataOf(inner(form, mode === 'setup' ? 'setup_intent_data' : 'subscription_data')),
    },
  });
  if (mode === 'setup')
    made.setup_intent = setupIntentFor(world, customer.id, made.played.below, 'off_session').id;
  made.url = `${world.url()}/stand-in/checkout/${made.id}`;
  return made;
}

export function expireSession(world: World, session: StripeObject): StripeObject {
  if (session.status !== 'open')
    throw invalid('Only Checkout Sessions with a status of open can be expired.');
  Object.assign(session, { status: 'expired', url: null });
  world.emit('checkout.session.expired', session);
  return session;
}

/** What a person typed into the page. @returns where the browser goes next; @throws where the card is refused */
export function completeSession(world: World, id: string, form: Form): string {
  const session = found(world, 'checkout.session', id);
  if (session.status !== 'open') throw invalid('This page has been used or has expired.');
  const token = tokenOfNumber(needed(form, 'card'));
  if (token === undefined)
    throw new StripeProblem(402, {
      type: 'card_error',
      code: 'incorrect_number',
      message: 'This is no test card: try 4242 4242 4242 4242.',
    });
  const customer = found(world, 'customer', String(session.customer));
  if (session.mode === 'setup') {
    confirmSetupIntent(world, String(session.setup_intent), { payment_method: token });
  } else {
    const method = attach(world, paymentMethodFrom(world, token), customer);
    const { price, quantity, below } = session.played as {
      price: string;
      quantity: number;
      below: Record<string, string>;
    };
    const subscription = subscribe(world, {
      customer: customer.id,
      price,
      quantity,
      method: method.id,
      metadata: below,
    });
    session.subscription = subscription.id;
    session.payment_status = subscription.status === 'active' ? 'paid' : 'unpaid';
  }
  Object.assign(session, { status: 'complete', url: null });
  world.emit('checkout.session.completed', session);
  return String(session.success_url).replaceAll('{CHECKOUT_SESSION_ID}', session.id);
}

export function checkoutPage(session: StripeObject, problem?: string): string {
  const { price, quantity } = session.played as { price: string | null; quantity: number };
  const what = session.mode === 'setup' ? 'Save a card' : `Subscribe: ${quantity} × ${String(price)}`;
  return document(
    what,
    `${problem === undefined ? '' : `<p role="alert"><strong>${escaped(problem)}</strong></p>`}
    <form method="post">
      <label>Card number <input name="card" inputmode="numeric" autocomplete="cc-number" value="4242 4242 4242 4242" required></label>
      <button>${session.mode === 'setup' ? 'Save' : 'Subscribe'}</button>
    </form>
    ${typeof session.cancel_url === 'string' ? `<p><a href="${escaped(session.cancel_url)}">Go back</a></p>` : ''}`,
  );
}

export function portalPage(world: World, session: StripeObject): string {
  const invoices = world.all('invoice').filter(({ customer }) => customer === session.customer);
  const rows = invoices.map(
    (one) =>
      `<li>${escaped(String(one.number))}: ${escaped(String(one.status))}, ${String(one.amount_due)} ${escaped(String(one.currency).toUpperCase())}</li>`,
  );
  return document(
    'Billing portal',
    `<ul>${rows.join('')}</ul><p><a href="${escaped(String(session.return_url))}">Go back</a></p>`,
  );
}

export function invoicePage(invoice: StripeObject): string {
  return document(
    `Invoice ${String(invoice.number)}`,
    `<p>${escaped(String(invoice.status))}: ${String(invoice.amount_due)} ${escaped(String(invoice.currency).toUpperCase())}</p>`,
  );
}

function document(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>body{font:1rem/1.5 system-ui;max-width:32rem;margin:2rem auto;padding:0 1rem}input,button{font:inherit;padding:.4rem;width:100%;box-sizing:border-box;margin:.3rem 0}.note{background:#fff3c4;padding:.5rem}</style></head>
<body><p class="note">This is a stand-in for Stripe on this machine. No money moves; use test cards.</p>
<h1>${escaped(title)}</h1>${body}</body></html>`;
}

function escaped(shown: string): string {
  return shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
