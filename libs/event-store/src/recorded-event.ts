import {
  type DomainEvent,
  type EventCatalog,
  readEvent,
  storedPersonalFields,
} from '@vouchsafe/event-sourcing';
import type { Sql } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import { storedNames } from './stored-names.js';

export type ActorType = 'user' | 'api-key' | 'staff' | 'service' | 'anonymous';

/** Who did it, when and under which request: kept beside every event that the act appended. */
export interface Envelope {
  readonly actor: { readonly type: ActorType; readonly id: string };
  /** The source's time; the store adds its own as `recordedAt`. */
  readonly occurredAt: Date;
  readonly requestId: string | null;
  /** W3C trace context, so that one trace reaches from the request to the last consumer. */
  readonly traceparent?: string;
}

export interface RecordedEvent<Event extends DomainEvent = DomainEvent> {
  readonly position: bigint;
  readonly organizationId: string;
  readonly stream: string;
  /** 1 for a stream's first event; no gaps. */
  readonly version: number;
  readonly type: Event['type'];
  readonly data: Event['data'];
  readonly envelope: Envelope;
  readonly recordedAt: Date;
}

/** A row of `event` as the queries of this package select it. */
export interface EventRow {
  readonly position: string;
  readonly organization_id: string;
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly schema_version: number;
  readonly payload: object;
  readonly metadata: StoredEnvelope;
  /** Milliseconds since the epoch. */
  readonly recorded_at: number;
}

export const eventColumns = `position, organization_id, stream, version, type, schema_version, payload, metadata,
  (extract(epoch from recorded_at) * 1000)::float8 as recorded_at`;

type StoredEnvelope = Omit<Envelope, 'occurredAt'> & { readonly occurredAt: string };

export function storedEnvelope({ occurredAt, ...rest }: Envelope): StoredEnvelope {
  return { ...rest, occurredAt: occurredAt.toISOString() };
}

/** What a sealed value of an event is bound to, so that it opens nowhere else (docs/vault.md, 'Sealed values'). */
export function sealingContext(stream: string, version: number, type: string): readonly string[] {
  return [storedNames.event, stream, String(version), type];
}

/**
 * Opens stored events by the fields of the version that each was written with, then brings them up to today's; personal values
 * come open, or as erased.
 * @throws UnreadableEventError for a type or version that the catalog does not know
 */
export async function readRows<Event extends DomainEvent = DomainEvent>(
  sql: Sql,
  vault: Vault,
  catalogOf: (type: string) => EventCatalog,
  rows: readonly EventRow[],
): Promise<RecordedEvent<Event>[]> {
  const opened = await vault.openFieldsMany(
    sql,
    rows.map(({ organization_id, stream, version, type, schema_version, payload }) => ({
      organizationId: organization_id,
      fields: storedPersonalFields(catalogOf(type), type, schema_version),
      data: payload,
      context: sealingContext(stream, version, type),
    })),
  );
  return rows.map((row, index) => ({
    position: BigInt(row.position),
    organizationId: row.organization_id,
    stream: row.stream,
    version: row.version,
    type: row.type,
    data: readEvent(catalogOf(row.type), row.type, row.schema_version, opened[index] ?? {}).data,
    envelope: { ...row.metadata, occurredAt: new Date(row.metadata.occurredAt) },
    recordedAt: new Date(row.recorded_at),
  }));
}
