/** @promise P10, P30, P31 where billing keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows } from '@vouchsafe/service-host';
import type { BillingReturned } from './billing.returned.js';
import type { CustomersStore } from './erasure/customers-store.js';
import type { StripeEventsStore } from './erasure/stripe-events-store.js';

export function billingStores(
  database: Database,
  stripeEvents: StripeEventsStore,
  customers: CustomersStore,
  returned: BillingReturned,
): readonly DataStore[] {
  return [
    // Open orders first: nothing new is made at Stripe.
    rows(database, {
      name: 'orders',
      tables: ['intent'],
      person: 'none',
      returned: { nothing: 'technical' },
    }),
    rows(database, {
      ...{ name: 'purge-checks', tables: ['purge_check'], person: 'none' },
      returned: { nothing: 'technical' },
    }),
    stripeEvents,
    rows(database, {
      name: 'what-stripe-says',
      tables: ['invoice', 'subscription', 'payment_method', 'stripe_customer'],
      person: 'sealed',
      returned: [returned.subscriptions, returned.invoices, returned.paymentMethods],
      access: { nothing: 'nobody-known' },
    }),
    rows(database, {
      ...{ name: 'stripe-keys', tables: ['stripe_key', 'stripe_key_checks'], person: 'none' },
      returned: { nothing: 'secret' },
    }),
    // Last, for it waits for Stripe.
    customers,
  ];
}
