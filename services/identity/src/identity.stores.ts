/** @promise P10, P31 where identity keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows } from '@vouchsafe/service-host';
import type { RemovePerson } from './erasure/remove-person.js';

export function identityStores(database: Database, person: RemovePerson): readonly DataStore[] {
  return [
    rows(database, { name: 'people', tables: personTables, person }),
    rows(database, { name: 'organizations', tables: ['api_key', 'member', 'organization'], person: 'none' }),
    // That a person accepted a text, and when, must be shown later (P15).
    rows(database, { name: 'consents', tables: ['consent'], person: 'sealed' }),
  ];
}

const personTables = [
  ...['recovery_code', 'authenticator', 'password', 'log_in_challenge', 'session', 'link_token', 'email'],
  ...['email_address', 'invitation', 'account'],
];
