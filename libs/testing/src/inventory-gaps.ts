import type { Database } from '@vouchsafe/database';

/**
 * Where a data inventory and a real database do not agree (P18): columns that could hold a person's words (text, bytes, JSON,
 * addresses) and are not declared, and declared ones that are not there.
 * @param declared `table.column`; a partition's columns are its table's
 * @param file where the service declares its columns: what to edit
 */
export async function inventoryGaps(
  database: Database,
  declared: readonly string[],
  file: string,
): Promise<string[]> {
  const columns = await database.asWorker((sql) =>
    sql.query<{ place: string; wordy: boolean }>(
      `select c.relname || '.' || a.attname as place,
         format_type(a.atttypid, null) in ('text', 'text[]', 'character varying', 'bytea', 'jsonb', 'inet') as wordy
       from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         and c.relname <> 'schema_migration' and a.attnum > 0 and not a.attisdropped
       order by 1`,
    ),
  );
  const known = new Set(declared);
  const there = new Set(columns.map(({ place }) => place));
  return [
    ...columns
      .filter(({ place, wordy }) => wordy && !known.has(place))
      .map(
        ({ place }) => `${place} is not declared: add it to personalColumns or impersonalColumns in ${file}`,
      ),
    ...declared
      .filter((place) => !there.has(place))
      .map((place) => `${place} is declared in ${file}, and no table has it`),
  ];
}
