import { type Database, instant, one, type Sql } from '@vouchsafe/database';
import type { ArrivedFact } from '../cloud-events.js';

export interface ParkedMessage {
  readonly id: bigint;
  readonly organizationId: string;
  readonly source: string;
  readonly lane: number;
  readonly number: bigint;
  readonly messageId: string;
  readonly type: string;
  readonly time: Date;
  /** The last failure's kind and place, nothing of the fact; null for one that only waits behind another of its organization. */
  readonly error: string | null;
  readonly attempts: number;
  readonly parkedAt: Date;
}

/** What waits, for the gauge and for whoever looks after it. */
export function parkedMessages({ database, group }: { readonly database: Database; readonly group: string }) {
  return {
    count: (): Promise<number> =>
      database.asWorker(async (sql) => {
        const [row] = await sql.query<{ count: number }>(
          'select count(*)::int as count from parked_message where consumer = $1',
          [group],
        );
        return row?.count ?? 0;
      }),

    /** Oldest first; of one organization, or of all. */
    list: (organizationId: string | null = null, limit = 100): Promise<ParkedMessage[]> =>
      database.asWorker(async (sql) => {
        const rows = await sql.query<ParkedRow>(
          `select * from parked_message where consumer = $1 and ($2::uuid is null or organization_id = $2)
           order by id limit $3`,
          [group, organizationId, limit],
        );
        return rows.map(toParked);
      }),

    /** The one with this id, as `list` shows it. */
    find: (messageId: string): Promise<ParkedMessage | undefined> =>
      database.asWorker(async (sql) => {
        const [row] = await sql.query<ParkedRow>(
          'select * from parked_message where consumer = $1 and message_id = $2 order by id limit 1',
          [group, messageId],
        );
        return row && toParked(row);
      }),

    /** Of all that is parked of an organization, in order. */
    idsOf: (organizationId: string): Promise<bigint[]> =>
      database.asWorker(async (sql) => {
        const rows = await sql.query<{ id: string }>(
          'select id from parked_message where consumer = $1 and organization_id = $2 order by id',
          [group, organizationId],
        );
        return rows.map(({ id }) => BigInt(id));
      }),
  };
}

/** Parked messages that are sealed whole, for nobody could read them: whom they are about is not known. */
export async function unreadableParked(sql: Sql, organizationIds: readonly string[]): Promise<number> {
  const { parked } = await one<{ parked: number }>(
    sql,
    `select count(*)::int as parked from parked_message where organization_id = any ($1::uuid[]) and data ? 'whole'`,
    [organizationIds],
  );
  return parked;
}

export interface ParkedRow {
  readonly id: string;
  readonly organization_id: string;
  readonly source: string;
  readonly lane: number;
  readonly number: string;
  readonly message_id: string;
  readonly type: string;
  readonly time: string;
  readonly traceparent: string | null;
  readonly data: { readonly fields: object } | { readonly whole: string };
  readonly error: string | null;
  readonly attempts: number;
  readonly parked_at: string;
}

export function toParked(row: ParkedRow): ParkedMessage {
  return {
    ...placeOf(row),
    id: BigInt(row.id),
    messageId: row.message_id,
    type: row.type,
    time: instant(row.time),
    error: row.error,
    attempts: row.attempts,
    parkedAt: instant(row.parked_at),
  };
}

/** Which fact a row holds. */
export type FactPlace = Pick<ArrivedFact, 'organizationId' | 'source' | 'lane' | 'number'>;

export function placeOf(row: ParkedRow): FactPlace {
  return {
    organizationId: row.organization_id,
    source: row.source,
    lane: row.lane,
    number: BigInt(row.number),
  };
}
