/** @promise P10, P31 where billing keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows } from '@vouchsafe/service-host';
import type { RemovePerson } from './erasure/remove-person.js';

export function billingStores(database: Database, person: RemovePerson): readonly DataStore[] {
  return [
    rows(database, { name: 'orders', tables: ['intent'], person: 'none' }),
    rows(database, {
      name: 'customers',
      tables: ['invoice', 'subscription', 'payment_method', 'customer', 'stripe_customer'],
      person,
    }),
    rows(database, { name: 'stripe-keys', tables: ['stripe_key', 'stripe_key_checks'], person: 'none' }),
  ];
}
