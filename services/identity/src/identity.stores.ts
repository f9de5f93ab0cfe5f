/** @promise P10, P31 where identity keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows } from '@vouchsafe/service-host';
import type { EmailsStore } from './erasure/emails-store.js';
import type { RemovePerson } from './erasure/remove-person.js';

export function identityStores(
  database: Database,
  emails: EmailsStore,
  person: RemovePerson,
): readonly DataStore[] {
  return [
    emails,
    rows(database, { name: 'people', tables: personTables, person }),
    // That a person accepted a text, and when, must be shown later (P15).
    rows(database, { name: 'consents', tables: ['consent'], person: 'sealed' }),
    rows(database, { name: 'organizations', tables: ['api_key', 'member', 'organization'], person: 'none' }),
  ];
}

const personTables = [
  ...['session', 'log_in_challenge', 'link_token', 'recovery_code', 'authenticator', 'password'],
  ...['email_address', 'invitation', 'account'],
];
