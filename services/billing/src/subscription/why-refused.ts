import type { Performing } from '../intent/order.js';
import { isFailed, refused, type StripeFailure } from '../stripe/stripe-failure.js';

type Context = Pick<Performing, 'stripe' | 'customerId'>;

/** Where nobody could pay, Stripe's code is that of an object that does not exist, and only its sentence says more. */
export async function withoutPaymentMethod(
  failure: StripeFailure,
  { stripe, customerId }: Context,
): Promise<StripeFailure> {
  if (failure.failed !== 'refused' || failure.reason !== 'not-found') return failure;
  const customer = await stripe.read((client, options) => client.customers.retrieve(customerId, {}, options));
  if (isFailed(customer)) return customer;
  if (customer.deleted) return failure;
  return customer.invoice_settings.default_payment_method === null ? refused('no-payment-method') : failure;
}

/** A customer pays in one currency for ever; Stripe has no code for that. */
export async function inOtherCurrency(
  failure: StripeFailure,
  { stripe, customerId }: Context,
  priceId: string,
): Promise<StripeFailure> {
  if (failure.failed !== 'refused' || failure.reason !== 'not-possible') return failure;
  const customer = await stripe.read((client, options) => client.customers.retrieve(customerId, {}, options));
  if (isFailed(customer)) return customer;
  const price = await stripe.read((client, options) => client.prices.retrieve(priceId, {}, options));
  if (isFailed(price)) return price;
  const isOther = !customer.deleted && customer.currency && customer.currency !== price.currency;
  return isOther ? refused('other-currency') : failure;
}
