import type { Requests } from '../openapi.fixtures.ts';

/** Where people reach the system that is tried. */
const back = (url: string) => ({ successUrl: `${url}/paid`, cancelUrl: url });

export const requests: Requests = {
  'price.list': ({ owner }) => ({ as: owner.browser }),
  'customer.read': ({ owner }) => ({ as: owner.browser }),
  'customer.change': ({ owner }) => ({
    as: owner.browser,
    body: { name: 'Analytical Engines', email: owner.email },
  }),
  'checkout-session.create': ({ owner, system }) => ({
    as: owner.browser,
    body: { mode: 'setup', ...back(system.url.replace('127.0.0.1', 'localhost')) },
  }),
  'setup-intent.create': ({ owner }) => ({ as: owner.browser }),
  'portal-session.create': ({ owner, system }) => ({
    as: owner.browser,
    body: { returnUrl: system.url.replace('127.0.0.1', 'localhost') },
  }),
  // The stand-in sells it; without a card its first payment waits for one.
  'subscription.create': ({ owner }) => ({ as: owner.browser, body: { priceId: 'price_team', quantity: 2 } }),
};
