import type { Database, Sql } from '@vouchsafe/database';
import { type EventCatalog, type PersonalField, storedPersonalFields } from '@vouchsafe/event-sourcing';
import { subjectsInClear, type Vault } from '@vouchsafe/vault';
import { eventColumns, type EventRow, sealingContext } from './recorded-event.js';

/** Rows that are read at once, and sealed in one transaction. */
const PAGE = 500;

/**
 * Whether a stored event has a value of one of these people in clear, because its field was marked later. The value reads as erased, but
 * the erasure stays partial until the retention run has sealed it (P10).
 */
export async function hasValuesInClear(
  sql: Sql,
  catalogs: readonly EventCatalog[],
  organizations: readonly string[],
  subjects: readonly string[],
): Promise<boolean> {
  const wanted = new Set(subjects);
  for await (const page of pagesInClear(sql, catalogs, { organizations, subjects })) {
    const theirs = page.some(({ row, fields }) =>
      [...subjectsInClear({ fields, data: row.payload })].some((subject) => wanted.has(subject)),
    );
    if (theirs) return true;
  }
  return false;
}

/**
 * Seals in place what was stored in clear before its field was marked: page by page, each recorded under the run's id in the
 * transaction that seals it. A run that was killed begins again, and skips what is sealed.
 * @returns how many events were rewritten
 */
export async function sealMarkedLater(
  { database, vault }: { readonly database: Database; readonly vault: Vault },
  catalogs: readonly EventCatalog[],
  runId: string,
): Promise<number> {
  let sealed = 0;
  let after = '0';
  for (;;) {
    // The worker role may make keys; the retention role writes what was sealed, by the one function that may.
    const page = await database.asWorker((sql) => sealPage(sql, vault, catalogs, after));
    const last = page.at(-1);
    if (!last) return sealed;
    const changed = page.filter(
      ({ row, payload }) => JSON.stringify(row.payload) !== JSON.stringify(payload),
    );
    if (changed.length > 0) {
      await database.asRetention((sql) =>
        sql.query('select lookup.seal_marked($1, $2::text[], $3::int[], $4::jsonb[])', [
          runId,
          changed.map(({ row }) => row.stream),
          changed.map(({ row }) => row.version),
          changed.map(({ payload }) => JSON.stringify(payload)),
        ]),
      );
    }
    sealed += changed.length;
    after = last.row.position;
  }
}

async function sealPage(sql: Sql, vault: Vault, catalogs: readonly EventCatalog[], after: string) {
  const rows = await readPage(sql, catalogs, after, null);
  const payloads = await vault.sealClearFieldsMany(
    sql,
    rows.map(({ row, fields }) => ({
      organizationId: row.organization_id,
      fields,
      data: row.payload,
      context: sealingContext(row.stream, row.version, row.type),
    })),
  );
  return rows.map(({ row }, index) => ({ row, payload: payloads[index] ?? row.payload }));
}

export interface SealedOf {
  readonly runId: string;
  readonly organizationId: string;
  /** Events in which something was sealed. */
  readonly events: number;
}

/**
 * Takes the retention runs that are not recorded in the organization's audit log yet, for a caller that records them in the same
 * transaction: a run that was killed before is recorded by the next one.
 */
export async function takeUntold(sql: Sql): Promise<SealedOf[]> {
  const rows = await sql.query<{ run_id: string; organization_id: string; events: number }>(
    `update sealing_run set told = true where not told returning run_id, organization_id, events::int`,
  );
  return rows.map((row) => ({ runId: row.run_id, organizationId: row.organization_id, events: row.events }));
}

interface InClear {
  readonly row: EventRow;
  readonly fields: readonly PersonalField[];
}

interface Whose {
  readonly organizations: readonly string[];
  readonly subjects: readonly string[];
}

async function* pagesInClear(sql: Sql, catalogs: readonly EventCatalog[], whose: Whose) {
  let after = '0';
  for (;;) {
    const page = await readPage(sql, catalogs, after, whose);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = last.row.position;
  }
}

/** Stored events of versions that were written before one of their fields was marked. Reads the table through: such versions are rare. */
async function readPage(
  sql: Sql,
  catalogs: readonly EventCatalog[],
  after: string,
  whose: Whose | null,
): Promise<InClear[]> {
  const versions = versionsInClear(catalogs);
  if (versions.length === 0) return [];
  const rows = await sql.query<EventRow>(
    `select ${eventColumns} from event
     where position > $1 and (type, schema_version) in (select * from unnest($2::text[], $3::int[]))
       and ($4::uuid[] is null or organization_id = any ($4))
       and ($5::text[] is null or exists (
         select from unnest($5::text[]) as wanted (subject) where position(wanted.subject in payload::text) > 0))
     order by position limit $6`,
    [
      after,
      versions.map(({ type }) => type),
      versions.map(({ schemaVersion }) => schemaVersion),
      whose?.organizations ?? null,
      whose?.subjects ?? null,
      PAGE,
    ],
  );
  const catalogOf = new Map(versions.map(({ type, catalog }) => [type, catalog]));
  return rows.flatMap((row) => {
    const catalog = catalogOf.get(row.type);
    return catalog ? [{ row, fields: storedPersonalFields(catalog, row.type, row.schema_version) }] : [];
  });
}

function versionsInClear(catalogs: readonly EventCatalog[]) {
  return catalogs.flatMap((catalog) =>
    Object.entries(catalog.versions).flatMap(([type, versions]) =>
      versions.flatMap(({ personal }, index) =>
        personal.some(({ storedClear }) => storedClear) ? [{ catalog, type, schemaVersion: index + 1 }] : [],
      ),
    ),
  );
}
