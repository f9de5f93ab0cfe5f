import { type BatchEntry, type Envelope, storedEnvelope } from '@vouchsafe/event-store';
import { prepared, type Sql } from '@vouchsafe/database';
import { type EventCatalog, readEvent, storedPersonalFields } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import { accessLogEvents, type Entry } from './access-log.events.js';
import { storedNames } from '../stored-names.js';

/** An entry with whose it is and what stands beside it in the store. */
export interface Located {
  readonly organizationId: string;
  readonly entry: Entry;
  readonly envelope: Envelope;
}

/** What one statement group writes for the requests in flight. */
export type Item =
  /** Before a request that may change something is passed on, and before a stream begins. */
  | ({ readonly kind: 'received' } & Located)
  /** `openEntry` says what becomes of the entry made before: `none` was made, it goes (`ends`), it stays (`stays`). */
  | ({ readonly kind: 'outcome'; readonly openEntry: 'none' | 'ends' | 'stays' } & Located);

const TYPE = 'request-handled';

export async function insertReceived(
  sql: Sql,
  vault: Vault,
  instanceId: string,
  items: readonly Located[],
): Promise<boolean> {
  if (items.length === 0) return true;
  const sealed = await vault.sealFieldsMany(
    sql,
    items.map(({ organizationId, entry }) => ({
      organizationId,
      fields: accessLogEvents.personal[TYPE] ?? [],
      data: entry,
      context: contextOf(entry.requestId),
    })),
  );
  // Only under a living lease: behind one that has ended another instance may be closing entries right now. The lock
  // makes it wait for us, or us for it.
  const inserted = await sql.query(
    prepared(`with alive as (
       select from gateway_instance where id = $1 and lease_until > clock_timestamp() for share
     )
     insert into open_entry (request_id, instance_id, organization_id, received_at, entry, envelope, schema_version)
     select new.request_id, $1, new.organization_id, new.received_at, new.entry, new.envelope, $7
     from unnest($2::text[], $3::uuid[], $4::timestamptz[], $5::jsonb[], $6::jsonb[])
       as new (request_id, organization_id, received_at, entry, envelope)
     where exists (select from alive)
     returning 1`),
    [
      instanceId,
      items.map(({ entry }) => entry.requestId),
      items.map(({ organizationId }) => organizationId),
      items.map(({ entry }) => entry.receivedAt),
      sealed.map((entry) => JSON.stringify(entry)),
      items.map(({ envelope }) => JSON.stringify(storedEnvelope(envelope))),
      accessLogEvents.definitions[TYPE].version,
    ],
  );
  return inserted.length === items.length;
}

/** Takes open entries away. @returns the ids of those that were still there: their outcome is ours to write */
export async function removeOpen(sql: Sql, requestIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (requestIds.length === 0) return new Set();
  const rows = await sql.query<{ request_id: string }>(
    prepared('delete from open_entry where request_id = any ($1::text[]) returning request_id'),
    [requestIds],
  );
  return new Set(rows.map(({ request_id }) => request_id));
}

/** As `removeOpen`, for streams that have begun: their entries stay until they end. */
export async function lockOpen(sql: Sql, requestIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (requestIds.length === 0) return new Set();
  const rows = await sql.query<{ request_id: string }>(
    'select request_id from open_entry where request_id = any ($1::text[]) for key share',
    [requestIds],
  );
  return new Set(rows.map(({ request_id }) => request_id));
}

interface OpenRow {
  readonly request_id: string;
  readonly organization_id: string;
  /** As the event would be stored: by the fields of the version it was written with. */
  readonly entry: object;
  readonly schema_version: number;
  readonly envelope: ReturnType<typeof storedEnvelope>;
}

/** Most entries of the dead that one batch closes. */
export const CLOSE_AT_ONCE = 500;

/**
 * Takes over the open entries of instances whose lease has ended: their outcome was not observed, so it is `unknown`. They get
 * numbers of our own stream, since a stream has one writer. An entry of an earlier release is opened by its own version's fields, then
 * brought up to today's, as a stored event is.
 */
export async function takeOver(
  sql: Sql,
  vault: Vault,
  instanceId: string,
  now: Date,
  catalog: EventCatalog = accessLogEvents,
): Promise<Located[]> {
  const dead = await sql.query<{ id: string }>(
    `select id from gateway_instance where lease_until < clock_timestamp() and id <> $1 for update skip locked`,
    [instanceId],
  );
  if (dead.length === 0) return [];
  const ids = dead.map(({ id }) => id);
  const rows = await sql.query<OpenRow>(
    `delete from open_entry where request_id in (
       select request_id from open_entry where instance_id = any ($1::uuid[]) limit $2
     ) returning request_id, organization_id, entry, schema_version, envelope`,
    [ids, CLOSE_AT_ONCE],
  );
  if (rows.length < CLOSE_AT_ONCE)
    await sql.query('delete from gateway_instance where id = any ($1::uuid[])', [ids]);
  const opened = await vault.openFieldsMany(
    sql,
    rows.map(({ organization_id, entry, schema_version, request_id }) => ({
      organizationId: organization_id,
      fields: storedPersonalFields(catalog, TYPE, schema_version),
      data: entry,
      context: contextOf(request_id),
    })),
  );
  return rows.map(({ organization_id, envelope, schema_version }, index) => {
    const entry = readEvent(catalog, TYPE, schema_version, opened[index] ?? {}).data as Entry;
    return {
      organizationId: organization_id,
      entry: {
        ...entry,
        instanceId,
        outcome: 'unknown',
        status: null,
        part: entry.part === 'whole' ? 'whole' : 'stream-closed',
        occurredAt: now.toISOString(),
      },
      envelope: { ...envelope, occurredAt: now },
    };
  });
}

export function eventOf({ organizationId, entry, envelope }: Located): BatchEntry {
  return { organizationId, envelope, event: { type: TYPE, data: entry } };
}

function contextOf(requestId: string): readonly string[] {
  return [storedNames.openEntry, requestId];
}
