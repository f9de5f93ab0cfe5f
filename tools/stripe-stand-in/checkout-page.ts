import { complete, customerOfSession, lineItemsOf, subscribe } from './checkout-sessions.ts';
import { escaped, type Page, type PageCall, type PageRoutes, pageOfHtml, redirect, textOf } from './html.ts';
import type { CheckoutSession, PaymentMethod } from './objects.ts';
import { outcomeOf } from './payment-intents.ts';
import { cardOf, makeMethod } from './payment-methods.ts';
import { shownAmount } from './prices.ts';
import { finishSetup } from './setup-intents.ts';
import { cardNumbered } from './test-cards.ts';
import type { World } from './world.ts';

/** In place of Stripe's page: somebody enters a test card and is sent back. */
export const checkoutPages: PageRoutes = {
  'GET /_pages/checkout/:id': ({ world, path }) => {
    const session = world.find('checkout.session', path('id'));
    return session?.status === 'open' ? cardPage(world, session) : gone();
  },
  'POST /_pages/checkout/:id': (call) => {
    const session = call.world.find('checkout.session', call.path('id'));
    if (session?.status !== 'open') return gone();
    return call.form.method === undefined ? enterCard(call, session) : authenticate(call, session);
  },
};

function gone(): Page {
  return pageOfHtml(
    'This page is no longer available',
    '<p>It was completed before, or it has expired.</p>',
    410,
  );
}

function cardPage(world: World, session: CheckoutSession, error?: string): Page {
  const rows = lineItemsOf(world, session).map(
    ({ description, quantity, amount_total: amount, currency }) =>
      `<tr><td>${quantity} × ${escaped(description ?? '')}</td><td>${escaped(shownAmount(amount, currency))}</td></tr>`,
  );
  const back = session.cancel_url === null ? '' : `<p><a href="${escaped(session.cancel_url)}">Back</a></p>`;
  return pageOfHtml(
    session.mode === 'setup' ? 'Save a card' : 'Subscribe',
    `<table>${rows.join('')}</table>
${error === undefined ? '' : `<p class="error" role="alert">${escaped(error)}</p>`}
<form method="post">
<label>Card number <input name="card" inputmode="numeric" autocomplete="off" required placeholder="4242 4242 4242 4242"></label>
<label>Expiry <input name="expiry" autocomplete="off" placeholder="12 / 34"></label>
<label>CVC <input name="cvc" inputmode="numeric" autocomplete="off" placeholder="123"></label>
<label>Name on the card <input name="name" autocomplete="off"></label>
<button>${session.mode === 'setup' ? 'Save card' : 'Subscribe'}</button>
</form>
<p>Test cards: 4242 4242 4242 4242 works, 4000 0000 0000 0002 is declined, 4000 0025 0000 3155 asks for authentication.</p>
${back}`,
    error === undefined ? 200 : 402,
  );
}

function enterCard({ world, form }: PageCall, session: CheckoutSession): Page {
  const [number, name] = [textOf(form.card), textOf(form.name)];
  const card = cardNumbered(number);
  if (card === undefined)
    return cardPage(
      world,
      session,
      'Only Stripe’s published test cards are taken here. Never enter a real card.',
    );
  const method = makeMethod(world, card, { name });
  const { behaviour, decline } = cardOf(world, method.id);
  // To save a card that fails later works; to pay with it does not.
  const isDeclined =
    behaviour === 'declines' || (session.mode === 'subscription' && behaviour === 'declines-later');
  if (isDeclined && decline) return cardPage(world, session, decline.message);
  return outcomeOf(world, method, 'there').type === 'requires-action'
    ? authenticationPage(method)
    : finish(world, session, method, name);
}

function authenticationPage(method: PaymentMethod): Page {
  return pageOfHtml(
    'Your bank asks who you are',
    `<p>A real bank would show its own page here.</p>
<form method="post"><input type="hidden" name="method" value="${escaped(method.id)}">
<button name="answer" value="yes">Complete authentication</button>
<button name="answer" value="no">Fail authentication</button>
</form>`,
  );
}

function authenticate({ world, form }: PageCall, session: CheckoutSession): Page {
  const method = world.find('payment_method', textOf(form.method));
  if (method?.customer !== null) return gone();
  if (form.answer !== 'yes')
    return cardPage(
      world,
      session,
      'We are unable to authenticate your payment method. Please choose a different one and try again.',
    );
  return finish(world, session, method, method.billing_details.name ?? '');
}

function finish(world: World, session: CheckoutSession, method: PaymentMethod, name: string): Page {
  const customer = customerOfSession(world, session, name);
  world.addNote(method.id, { isSetUp: true });
  if (session.setup_intent === null) subscribe(world, session, method, customer);
  else
    finishSetup(
      world,
      world.change(world.require('setup_intent', session.setup_intent), { customer: customer.id }),
      method,
    );
  complete(world, session, customer, name);
  return redirect((session.success_url ?? world.url).replaceAll('{CHECKOUT_SESSION_ID}', session.id));
}
