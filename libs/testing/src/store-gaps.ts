import type { Database } from '@vouchsafe/database';
import { type DataStore, type PersonalColumn, sharedColumns } from '@vouchsafe/service-host';

export interface Accounted {
  /** The service's own personal columns. */
  readonly personal: readonly PersonalColumn[];
  /** Tables of the service without an organization that hold nothing of customers, with the reason. */
  readonly impersonalTables?: Readonly<Record<string, string>>;
  /** Settings of the service that name folders with data of customers. */
  readonly folders?: readonly string[];
}

/** Tables of the libraries that hold nothing of customers. */
const libraryTables = [
  ...['consumed_lane', 'consumer_offset', 'cursor', 'lane', 'outgoing'],
  ...['vault_retired_kek', 'vault_service_key'],
];

/**
 * Where the stores of a service and its real database do not agree (P31): a table or folder that no store has, or that two have; a store of
 * what is not there; personal values outside of the person's key in a store whose person is not removed, and personal values that a person
 * gets no copy of, without a reason (P10).
 */
export async function storeGaps(
  database: Database,
  stores: readonly DataStore[],
  { personal, impersonalTables = {}, folders = [] }: Accounted,
): Promise<string[]> {
  const tables = await database.asWorker((sql) =>
    sql.query<{ name: string; is_of_organizations: boolean }>(
      `select c.relname as name, exists (
         select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id') as is_of_organizations
       from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         and c.relname <> 'schema_migration' order by 1`,
    ),
  );
  const impersonal = new Set([...libraryTables, ...Object.keys(impersonalTables)]);
  const placed = stores.flatMap(({ name, places }) => places.map((place) => ({ name, place })));
  const storesOf = Map.groupBy(placed, ({ place }) => place);
  const there = new Set([...tables.map(({ name }) => name), ...folders]);
  const clear = [...personal, ...sharedColumns].filter(({ form }) => form !== 'sealed');
  return [
    ...[...tables, ...folders.map((name) => ({ name, is_of_organizations: true }))]
      .filter(({ name, is_of_organizations }) => is_of_organizations || !impersonal.has(name))
      .filter(({ name }) => !storesOf.has(name))
      .map(({ name }) => `${name} is in no store: nothing would be deleted of it`),
    ...[...storesOf].flatMap(([place, all]) =>
      all.length > 1 ? [`${place} is in several stores: ${all.map(({ name }) => name).join(', ')}`] : [],
    ),
    ...placed
      .filter(({ place }) => !there.has(place))
      .map(({ name, place }) => `${name} has ${place}, which is not there`),
    ...stores.flatMap((store) => accessGaps(store, personal)),
    ...stores
      .filter(({ person }) => typeof person === 'string')
      .flatMap(({ name, places }) =>
        clear
          .filter(({ table }) => places.includes(table))
          .map(
            ({ table, column }) =>
              `${table}.${column} is not under the person's key, and the store ${name} removes nobody`,
          ),
      ),
  ];
}

/** Articles 15 and 20 GDPR: whatever the service keeps of a person is in a table of their archive, or it is said why not. */
function accessGaps(
  { name, places, person, access }: DataStore,
  personal: readonly PersonalColumn[],
): string[] {
  if ('nothing' in access)
    return access.nothing === 'no-person' && person !== 'none'
      ? [`the store ${name} says something of a person, and gives the person nothing of it`]
      : [];
  const [shown, withheld] = [access.tables.flatMap(({ shows }) => shows), Object.keys(access.withheld ?? {})];
  const answered = [...shown, ...withheld];
  return [
    ...new Set(
      personal.flatMap(({ table }) =>
        places.includes(table) && !answered.includes(table)
          ? [`${table} has personal values, and the store ${name} does not say whether a person gets them`]
          : [],
      ),
    ),
    ...answered
      .filter((place) => !places.includes(place))
      .map((place) => `${name} gives a person ${place}, which it does not have`),
  ];
}
