/** @promise P10 an erased person's name and address for invoices are gone at Stripe and here, and another's stay */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ada, type BillingApp, billingApp, ours } from '../testing/billing-app.js';
import { type SmallStripe, smallStripe } from '../testing/small-stripe.js';
import { RemovePerson } from './remove-person.js';

let stripe: SmallStripe;
let app: BillingApp;
const details = { name: 'Ada Lovelace', email: 'ada@example.com' };

beforeAll(async () => {
  stripe = await smallStripe();
  app = await billingApp({ STRIPE_SECRET_KEY: 'sk_test_of_this_suite', VOUCHSAFE_STRIPE_API: stripe.url });
}, 60_000);
afterAll(async () => {
  await app.stop();
  await stripe.stop();
});

const erasureOf = (subject: string) => ({
  ...{ erasureId: randomUUID(), organizationId: ours, userId: subject, organizations: [ours] },
  ...{ subjects: [subject], requestedAt: new Date() },
});
const remove = (subject: string) => app.get(RemovePerson).remove(erasureOf(subject));
const atStripe = () => stripe.of('customer').map(({ name, email }) => [name, email]);

it('is removed where the person gave them, and only then', async () => {
  expect((await app.ask('PUT', '/v1/billing/customer', { body: details })).status).toBe(200);
  await remove(randomUUID());
  expect(atStripe()).toEqual([[details.name, details.email]]);
  await remove(ada);
  expect(atStripe()).toEqual([['', '']]);
});

it('is tried again until Stripe has answered', async () => {
  expect((await app.ask('PUT', '/v1/billing/customer', { body: details })).status).toBe(200);
  stripe.fault = () => 500;
  await expect(remove(ada)).rejects.toThrow('Stripe did not remove a name');
  stripe.fault = () => undefined;
  await remove(ada);
  expect(atStripe()).toEqual([['', '']]);
});
