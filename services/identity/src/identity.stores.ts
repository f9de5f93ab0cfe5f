/** @promise P10, P30, P31 where identity keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { countRows, type DataStore, rows } from '@vouchsafe/service-host';
import type { EmailsStore } from './erasure/emails-store.js';
import type { IdentityReturned } from './identity.returned.js';
import type { RemovePerson } from './erasure/remove-person.js';

export function identityStores(
  database: Database,
  emails: EmailsStore,
  person: RemovePerson,
  returned: IdentityReturned,
): readonly DataStore[] {
  return [
    emails,
    rows(database, {
      ...{ name: 'people', tables: personTables, person },
      returned: [returned.members, returned.invitations],
      access: {
        tables: [
          ...[returned.ofPerson.account, returned.ofPerson.sessions, returned.ofPerson.authenticators],
          returned.ofPerson.invitations,
        ],
        withheld: { password: 'secret', recovery_code: 'secret', email_address: 'secret' },
      },
      recordsOf: (erasure) => person.count(erasure),
    }),
    // That a person accepted a text, and when, must be shown later (P15).
    rows(database, {
      ...{ name: 'consents', tables: ['consent'], person: 'sealed' },
      returned: [returned.consents],
      access: { tables: [returned.ofPerson.consents] },
      recordsOf: ({ userId }) => countRows(database, 'select from consent where user_id = $1', [userId]),
    }),
    rows(database, {
      ...{ name: 'organizations', tables: ['api_key', 'member', 'organization'], person: 'none' },
      returned: [returned.organization, returned.apiKeys],
      access: { tables: [returned.ofPerson.apiKeys] },
    }),
  ];
}

const personTables = [
  ...['session', 'log_in_challenge', 'link_token', 'recovery_code', 'authenticator', 'password'],
  ...['email_address', 'invitation', 'account'],
];
