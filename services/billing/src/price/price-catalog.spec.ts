import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type BillingApp, billingApp } from '../testing/billing-app.js';
import { type SmallStripe, smallStripe } from '../testing/small-stripe.js';
import { PriceCatalog } from './price-catalog.js';

let stripe: SmallStripe;
let app: BillingApp;

beforeAll(async () => {
  stripe = await smallStripe();
  app = await billingApp({
    STRIPE_SECRET_KEY: 'sk_test_small',
    VOUCHSAFE_STRIPE_API: stripe.url,
    VOUCHSAFE_BILLING_PRICES: 'price_team,price_archived',
  });
  await app.get(PriceCatalog).check();
});
afterAll(async () => {
  await app.stop();
  await stripe.stop();
});

it('what is sold is known after a start while Stripe is unavailable, and how old that is', async () => {
  const known = app.get(PriceCatalog).list();
  expect(known.map(({ priceId }) => priceId)).toEqual(['price_team']);
  stripe.fault = () => 'silent';
  const restarted = (await app.another({ VOUCHSAFE_BILLING_PRICES: 'price_team,price_large' })).app;
  expect(restarted.get(PriceCatalog).list()).toEqual(known);
  expect(restarted.get(PriceCatalog).refusal('price_team')).toBeNull();
  expect(restarted.get(PriceCatalog).refusal('price_large')).toEqual({ rejected: 'prices-unknown' });
  stripe.fault = () => undefined;
});

it('what is sold no more is not known after a start either', async () => {
  stripe.fault = (route) => (route === 'GET /v1/prices/price_team' ? 404 : undefined);
  await app.get(PriceCatalog).check();
  stripe.fault = () => 'silent';
  const restarted = (await app.another()).app;
  expect([app.get(PriceCatalog).list(), restarted.get(PriceCatalog).list()]).toEqual([[], []]);
});
