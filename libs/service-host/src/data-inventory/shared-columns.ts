import type { PersonalColumn } from './inventory.js';

/** Personal values in the tables that every service has from the libraries (P18). Events are in the inventory by their fields. */
export const sharedColumns: readonly PersonalColumn[] = [
  {
    table: 'dead_letter',
    column: 'data',
    holds: 'a fact that could not be taken, with its personal fields',
    purpose: 'audit-trail',
    form: 'sealed',
    policies: ['dead-letters'],
  },
  {
    table: 'idempotency_key',
    column: 'key',
    holds: 'keyed hash of an Idempotency-Key, which a client chose',
    purpose: 'security',
    form: 'hashed',
    policies: ['idempotency-keys'],
  },
  {
    table: 'idempotency_key',
    column: 'request_hash',
    holds: 'keyed hash of a creating request',
    purpose: 'security',
    form: 'hashed',
    policies: ['idempotency-keys'],
  },
  {
    table: 'idempotency_key',
    column: 'answer',
    holds: 'answer to a creating request',
    purpose: 'security',
    form: 'sealed',
    policies: ['idempotency-keys'],
  },
];

/** Columns of text and bytes in those tables that hold no personal data, with the reason. */
const impersonalSharedColumns: Readonly<Record<string, string>> = {
  'event.stream': 'a kind and a random id',
  'event.type': 'one of a closed set',
  'event.payload': 'its personal fields are marked and sealed individually',
  'event.metadata': 'random ids and a time',
  'outgoing.contract_type': 'one of a closed set',
  'erasure.held_because': 'one of a closed set',
  'erasure.inventory': 'names of stores, and counts',
  'erasure.retained': 'of closed sets, and a day',
  'hold.scope': 'random ids, types of entities and times',
  'cursor.name': 'of a program',
  'consumed_lane.consumer': 'of a program',
  'consumed_lane.source': 'of a service',
  'consumer_offset.consumer': 'of a program',
  'consumer_offset.topic': 'of a service',
  'late_fact.type': 'one of a closed set',
  'dead_letter.consumer': 'of a program',
  'dead_letter.source': 'of a service',
  'dead_letter.message_id': 'a number in a lane',
  'dead_letter.type': 'one of a closed set',
  'dead_letter.error': 'a kind of failure and a location in the code',
  'dead_letter.traceparent': 'random ids',
  'idempotency_key.actor': 'a kind and a random id',
  'idempotency_key.operation': 'one of a closed set',
  'vault_data_key.holder': 'a kind and a random id',
  'vault_data_key.wrapped': 'a key, encrypted',
  'vault_erased_key.holder': 'a kind and a random id',
  'vault_organization_key.kek_id': 'of a key',
  'vault_organization_key.wrapped': 'a key, encrypted',
  'vault_retired_kek.kek_id': 'of a key',
  'vault_service_key.name': 'one of a closed set',
  'vault_service_key.kek_id': 'of a key',
  'vault_service_key.wrapped': 'a key, encrypted',
  'vault_transit_key.wrapped': 'a key, encrypted',
};

/** `table.column` of everything that a service accounts for: its own columns and those of the libraries below. */
export function declaredColumns(
  personal: readonly PersonalColumn[],
  impersonal: Readonly<Record<string, string>>,
): string[] {
  return [
    ...[...personal, ...sharedColumns].map(({ table, column }) => `${table}.${column}`),
    ...Object.keys({ ...impersonal, ...impersonalSharedColumns }),
  ];
}
