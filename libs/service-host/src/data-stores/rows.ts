import type { Database } from '@vouchsafe/database';
import type { DataStore, OrganizationRemoval } from './data-store.js';
import type { Destroying } from './destroying.js';
import { NO_PERSON } from './returned.js';

/** Rows of one transaction. */
const BATCH = 5_000;

/** A store of rows with an `organization_id`; tables that refer to others come first. */
export function rows(
  database: Database,
  {
    tables,
    ...store
  }: Pick<DataStore, 'name' | 'about' | 'returned' | 'recordsOf' | 'grows' | 'keptBecause'> &
    Person & { readonly tables: readonly string[] },
): DataStore {
  return { access: NO_PERSON, ...store, places: tables, organization: rowsOfOrganization(database, tables) };
}

/** Who says something of a person says what the person gets of it. */
type Person =
  { readonly person: 'none'; readonly access?: DataStore['access'] } | Pick<DataStore, 'person' | 'access'>;

/** How many rows a question finds. */
export function countRows(database: Database, question: string, values: readonly unknown[]): Promise<number> {
  return database.asRetention(async (sql) => {
    const [found] = await sql.query<{ rows: string }>(`select count(*) as rows from (${question}) as found`, [
      ...values,
    ]);
    return Number(found?.rows);
  });
}

export function rowsOfOrganization(database: Database, tables: readonly string[]): OrganizationRemoval {
  return {
    count: async (organizationId) => {
      let count = 0;
      for (const table of tables)
        count += await countRows(database, `select from ${table} where organization_id = $1`, [
          organizationId,
        ]);
      return count;
    },
    remove: async (organizationId, destroy) => {
      for (const table of tables) while ((await removeBatch(destroy, table, organizationId)) >= BATCH);
    },
  };
}

async function removeBatch(destroy: Destroying, table: string, organizationId: string): Promise<number> {
  const removed = await destroy((sql) =>
    sql.query(
      // `ctid` says where a row is in its table. Two partitions of a table may have rows at the same place; whichever is deleted is the organization's.
      `delete from ${table} where organization_id = $1 and ctid = any (array(
         select ctid from ${table} where organization_id = $1 limit ${BATCH})) returning 1`,
      [organizationId],
    ),
  );
  return removed.length;
}
