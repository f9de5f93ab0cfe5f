/** @promise P31 the places of customers' data that every service has from the libraries */
import type { Database } from '@vouchsafe/database';
import { deleteEvents } from '@vouchsafe/event-store';
import type { DataStore, PersonRemoval } from './data-store.js';
import { NO_PERSON } from './returned.js';
import { countRows, rows, rowsOfOrganization } from './rows.js';

export const KEYS = 'keys';

/** In the order in which an organization is removed from them; a service's own come before. */
export function libraryStores(database: Database): readonly DataStore[] {
  return [
    rows(database, {
      ...{ name: 'idempotency-keys', tables: ['idempotency_key'] },
      ...{ person: keptAnswers, about: NOTHING, returned: TECHNICAL, access: DERIVED },
      recordsOf: ({ organizations, userId }) =>
        countRows(
          database,
          'select from idempotency_key where organization_id = any ($1::uuid[]) and actor = $2',
          [organizations, `user:${userId}`],
        ),
    }),
    rows(database, {
      ...{ name: 'dead-letters', tables: ['dead_letter'], person: 'sealed', returned: TECHNICAL },
      access: DERIVED,
    }),
    rows(database, { name: 'erasures', tables: ['erasure'], person: 'none', returned: TECHNICAL }),
    rows(database, {
      ...{ name: 'sealing-runs', tables: ['sealing_run'], person: 'none' },
      ...{ about: NOTHING, returned: TECHNICAL },
    }),
    {
      ...{ name: 'events', places: ['event'], person: 'sealed' },
      // What happened stands in the entries of the log.
      ...{ returned: DERIVED, access: DERIVED },
      organization: {
        count: (organizationId) => countAsWorker(database, ['event'], organizationId),
        remove: (organizationId, destroy) => deleteEvents(database, organizationId, destroy),
      },
    },
    {
      ...{ name: KEYS, places: keyTables, person: 'none', returned: { nothing: 'secret' } },
      access: NO_PERSON,
      // The keys are destroyed when every other store is empty.
      organization: {
        count: (organizationId) => rowsOfOrganization(database, keyTables).count(organizationId),
        remove: () => Promise.resolve(),
      },
    },
    {
      ...{ name: 'tombstones', places: ['vault_erased_key', 'vault_erased_organization'], person: 'none' },
      ...{ organization: { kept: 'tombstones' }, returned: TECHNICAL, access: NO_PERSON },
    },
    {
      ...{ name: 'holds', places: ['hold'], person: 'none' },
      // Lifecycle's register is returned.
      ...{ organization: { kept: 'deletion-records' }, returned: DERIVED, access: NO_PERSON },
    },
    // What came after it was erased.
    {
      ...{ name: 'late-facts', places: ['late_fact'], person: 'none' },
      ...{ organization: { kept: 'deletion-records' }, returned: { nothing: 'operator' }, access: NO_PERSON },
    },
  ];
}

/** Technical records: what they repeat is kept elsewhere. */
const NOTHING = { entities: [], times: false } as const;

const TECHNICAL = { nothing: 'technical' } as const;
const DERIVED = { nothing: 'derived' } as const;

const keyTables = ['vault_data_key', 'vault_organization_key', 'vault_transit_key'] as const;

/** Answers that are kept for repeated requests, of those that the person sent (P10). */
const keptAnswers: PersonRemoval = {
  remove: async ({ organizations, userId }, destroy) => {
    await destroy((sql) =>
      sql.query('delete from idempotency_key where organization_id = any ($1::uuid[]) and actor = $2', [
        organizations,
        `user:${userId}`,
      ]),
    );
  },
};

async function countAsWorker(
  database: Database,
  tables: readonly string[],
  organizationId: string,
): Promise<number> {
  let count = 0;
  for (const table of tables) {
    const [found] = await database.asWorker((sql) =>
      sql.query<{ rows: string }>(`select count(*) as rows from ${table} where organization_id = $1`, [
        organizationId,
      ]),
    );
    count += Number(found?.rows);
  }
  return count;
}
