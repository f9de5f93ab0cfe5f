import { checkoutPages } from './checkout-page.ts';
import { authenticated } from './collecting.ts';
import { type Page, type PageRoutes, pageOfHtml, escaped, redirect } from './html.ts';
import { intentOf } from './invoices.ts';
import { portalPages } from './portal.ts';
import { shownAmount } from './prices.ts';
import { failSetupAuthentication, finishSetup } from './setup-intents.ts';
import type { World } from './world.ts';

/** The pages that people see in place of Stripe's, below `/_pages/`. */
export const pageRoutes: PageRoutes = {
  ...checkoutPages,
  ...portalPages,
  'GET /_pages/authenticate/:id': ({ world, path }) => authenticationPage(world, path('id')),
  'POST /_pages/authenticate/:id': ({ world, path, form }) => {
    const id = path('id');
    const returnUrl = returnUrlOf(world, id);
    authenticateIntent(world, id, form.answer === 'yes');
    return returnUrl === null ? pageOfHtml('Done', '<p>You can close this page.</p>') : redirect(returnUrl);
  },
  'GET /_pages/invoices/:id': ({ world, path }) => invoicePage(world, path('id')),
  'GET /_pages/invoices/:id/pdf': ({ world, path }) => invoicePage(world, path('id')),
};

/** Somebody has said who they are, or has not: a payment or a card that was being saved goes on. */
export function authenticateIntent(world: World, id: string, isAuthentic: boolean): void {
  const payment = world.find('payment_intent', id);
  if (payment?.status === 'requires_action') authenticated(world, payment, isAuthentic);
  const setup = world.find('setup_intent', id);
  if (setup?.status !== 'requires_action' || setup.payment_method === null) return;
  if (isAuthentic) finishSetup(world, setup, world.require('payment_method', setup.payment_method));
  else failSetupAuthentication(world, setup);
}

function returnUrlOf(world: World, id: string): string | null {
  const intent = world.find('payment_intent', id) ?? world.find('setup_intent', id);
  return intent?.next_action?.redirect_to_url?.return_url ?? null;
}

function authenticationPage(world: World, id: string): Page {
  const intent = world.find('payment_intent', id) ?? world.find('setup_intent', id);
  if (intent?.status !== 'requires_action')
    return pageOfHtml('Nothing to authenticate', '<p>This link is no longer valid.</p>', 404);
  return pageOfHtml(
    'Your bank asks who you are',
    `<p>A real bank would show its own page here.</p>
<form method="post">
<button name="answer" value="yes">Complete authentication</button>
<button name="answer" value="no">Fail authentication</button>
</form>`,
  );
}

function invoicePage(world: World, id: string): Page {
  const invoice = world.find('invoice', id);
  if (!invoice) return pageOfHtml('No such invoice', '<p>This link is no longer valid.</p>', 404);
  const rows = invoice.lines.data.map(
    ({ description, amount, currency }) =>
      `<tr><td>${escaped(description ?? '')}</td><td>${escaped(shownAmount(amount, currency))}</td></tr>`,
  );
  const intent = intentOf(world, invoice);
  const toAuthenticate =
    intent?.status === 'requires_action'
      ? `<p><a href="/_pages/authenticate/${escaped(intent.id)}">Authenticate the payment</a></p>`
      : '';
  return pageOfHtml(
    `Invoice ${invoice.number ?? ''}`,
    `<p>${escaped(invoice.status ?? '')}</p><table>${rows.join('')}
<tr><td>Total</td><td>${escaped(shownAmount(invoice.total, invoice.currency))}</td></tr></table>${toAuthenticate}`,
  );
}
