import { prepared, type Sql } from '@vouchsafe/database';
import { assertWritable, type DomainEvent, type EventCatalog } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import { type Envelope, sealingContext, storedEnvelope } from './recorded-event.js';

export interface BatchEntry {
  readonly organizationId: string;
  readonly event: DomainEvent;
  readonly envelope: Envelope;
}

/**
 * Appends events of many organizations and callers to one stream, in one statement: for a stream that belongs to a process and
 * not to an organization (the access log of a gateway). Runs as `worker`; a writer that came first shows as a unique
 * violation of (stream, version).
 */
export async function appendBatch(
  sql: Sql,
  vault: Vault,
  batch: {
    readonly stream: string;
    /** Version of the stream's last event; 0 for a new stream. */
    readonly expectedVersion: number;
    readonly catalog: EventCatalog;
    readonly entries: readonly BatchEntry[];
  },
): Promise<void> {
  const { stream, expectedVersion, catalog, entries } = batch;
  if (entries.length === 0) return;
  const schemaVersions = entries.map(({ event }) => assertWritable(catalog, event.type, event.data).version);
  const payloads = await vault.sealFieldsMany(
    sql,
    entries.map(({ organizationId, event: { type, data } }, index) => ({
      organizationId,
      fields: catalog.personal[type] ?? [],
      data,
      context: sealingContext(stream, expectedVersion + index + 1, type),
    })),
  );
  await sql.query(
    prepared(`insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
     select new.organization_id, $1, $2 + new.ordinality, new.type, new.schema_version, new.payload, new.metadata
     from unnest($3::uuid[], $4::text[], $5::int[], $6::jsonb[], $7::jsonb[])
       with ordinality as new (organization_id, type, schema_version, payload, metadata)
     order by new.ordinality`),
    [
      stream,
      expectedVersion,
      entries.map(({ organizationId }) => organizationId),
      entries.map(({ event }) => event.type),
      schemaVersions,
      payloads.map((payload) => JSON.stringify(payload)),
      entries.map(({ envelope }) => JSON.stringify(storedEnvelope(envelope))),
    ],
  );
}
