import { type Database, one, prepared, type PreparedStatement, type Sql } from '@vouchsafe/database';
import { assertWritable, type DomainEvent, type EventCatalog } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import {
  type Envelope,
  eventColumns,
  type EventRow,
  sealingContext,
  storedEnvelope,
} from './recorded-event.js';

export interface Appending {
  readonly organizationId: string;
  readonly stream: string;
  /** Version of the stream's last event that was seen; 0 for a new stream. */
  readonly expectedVersion: number;
  readonly catalog: EventCatalog;
  readonly events: readonly DomainEvent[];
  readonly envelope: Envelope;
}

const columns = 'organization_id, stream, version, type, schema_version, payload, metadata';
const newRows = `select $1::uuid, $2::text, $3::int + new.ordinality, new.type, new.schema_version, new.payload, $7::jsonb
  from unnest($4::text[], $5::int[], $6::jsonb[]) with ordinality as new (type, schema_version, payload)`;

/**
 * Appends events at the expected version, in one statement of the caller's transaction. A writer that came first shows as
 * a unique violation of (stream, version).
 * @returns position and time of each, in order
 */
export async function append(
  sql: Sql,
  vault: Vault,
  appending: Appending,
): Promise<{ position: string; recorded_at: number }[]> {
  return sql.query(insertion, await valuesOf(sql, vault, appending));
}

const insertion = prepared(`insert into event (${columns}) ${newRows} order by new.ordinality
  returning position, (extract(epoch from recorded_at) * 1000)::float8 as recorded_at`);

/** The same as a transaction of its own: the organization's view is set before the first row is checked. */
const appendAlone: PreparedStatement = {
  name: 'event-store-append',
  text: `with view as materialized (select set_config('vouchsafe.organization_id', $1::text, true))
    insert into event (${columns}) ${newRows}, view order by new.ordinality`,
};

/** A single event needs no arrays, which cost the driver and the server more than the event. */
const appendOneAlone: PreparedStatement = {
  name: 'event-store-append-one',
  text: `with view as materialized (select set_config('vouchsafe.organization_id', $1::text, true))
    insert into event (${columns})
    select $1::uuid, $2::text, $3::int + 1, $4::text, $5::int, $6::jsonb, $7::jsonb from view`,
};

export async function appendInOneStatement(
  database: Database,
  vault: Vault,
  appending: Appending,
): Promise<void> {
  // Only a key that is not held open yet is looked up, in a transaction of its own.
  const keys: Sql = {
    query: (text, values) =>
      database.forOrganization(appending.organizationId, (sql) => sql.query(text, values)),
  };
  const values = await valuesOf(keys, vault, appending);
  const isOne = appending.events.length === 1;
  await database.statement('request', isOne ? appendOneAlone : appendAlone, isOne ? values.flat() : values);
}

async function valuesOf(
  sql: Sql,
  vault: Vault,
  { organizationId, stream, expectedVersion, catalog, events, envelope }: Appending,
): Promise<unknown[]> {
  const schemaVersions = events.map(({ type, data }) => assertWritable(catalog, type, data).version);
  const payloads = await vault.sealFieldsMany(
    sql,
    events.map(({ type, data }, index) => ({
      organizationId,
      fields: catalog.personal[type] ?? [],
      data,
      context: sealingContext(stream, expectedVersion + index + 1, type),
    })),
  );
  return [
    organizationId,
    stream,
    expectedVersion,
    events.map(({ type }) => type),
    schemaVersions,
    payloads.map((payload) => JSON.stringify(payload)),
    JSON.stringify(storedEnvelope(envelope)),
  ];
}

/** All events of a stream, oldest first. */
export function loadStream(sql: Sql, stream: string): Promise<EventRow[]> {
  return sql.query<EventRow>(streamInOrder, [stream]);
}

const streamInOrder = prepared(`select ${eventColumns} from event where stream = $1 order by version`);

/** Version of a stream's last event; 0 where there is none. */
export async function versionOf(sql: Sql, stream: string): Promise<number> {
  const { version } = await one<{ version: number }>(sql, lastVersion, [stream]);
  return version;
}

const lastVersion = prepared('select coalesce(max(version), 0) as version from event where stream = $1');
