import { type Database, instant, one, type Sql } from '@vouchsafe/database';
import type { ArrivedFact } from '../cloud-events.js';

export interface DeadLetter {
  readonly id: bigint;
  readonly organizationId: string;
  readonly source: string;
  readonly lane: number;
  readonly number: bigint;
  readonly messageId: string;
  readonly type: string;
  readonly time: Date;
  /** Kind of the last failure and its location in the code, nothing of the fact; null for a fact that only waits behind another one. */
  readonly error: string | null;
  readonly attempts: number;
  readonly deadLetteredAt: Date;
}

/** Reads a consumer's dead letters, for its gauge and for operators. */
export function deadLetters({ database, group }: { readonly database: Database; readonly group: string }) {
  return {
    count: (): Promise<number> =>
      database.asWorker(async (sql) => {
        const [row] = await sql.query<{ count: number }>(
          'select count(*)::int as count from dead_letter where consumer = $1',
          [group],
        );
        return row?.count ?? 0;
      }),

    /** Oldest first; of one organization, or of all. */
    list: (organizationId: string | null = null, limit = 100): Promise<DeadLetter[]> =>
      database.asWorker(async (sql) => {
        const rows = await sql.query<DeadLetterRow>(
          `select * from dead_letter where consumer = $1 and ($2::uuid is null or organization_id = $2)
           order by id limit $3`,
          [group, organizationId, limit],
        );
        return rows.map(toDeadLetter);
      }),

    /** The one with this id, as `list` shows it. */
    find: (messageId: string): Promise<DeadLetter | undefined> =>
      database.asWorker(async (sql) => {
        const [row] = await sql.query<DeadLetterRow>(
          'select * from dead_letter where consumer = $1 and message_id = $2 order by id limit 1',
          [group, messageId],
        );
        return row && toDeadLetter(row);
      }),

    /** The ids of all dead letters of an organization, in order. */
    idsOf: (organizationId: string): Promise<bigint[]> =>
      database.asWorker(async (sql) => {
        const rows = await sql.query<{ id: string }>(
          'select id from dead_letter where consumer = $1 and organization_id = $2 order by id',
          [group, organizationId],
        );
        return rows.map(({ id }) => BigInt(id));
      }),
  };
}

/** The number of dead letters that match no contract. They are sealed as a whole, and whom they are about is not known. */
export async function unreadableDeadLetters(sql: Sql, organizationIds: readonly string[]): Promise<number> {
  const { unreadable } = await one<{ unreadable: number }>(
    sql,
    `select count(*)::int as unreadable from dead_letter where organization_id = any ($1::uuid[]) and data ? 'whole'`,
    [organizationIds],
  );
  return unreadable;
}

export interface DeadLetterRow {
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
  readonly dead_lettered_at: string;
}

export function toDeadLetter(row: DeadLetterRow): DeadLetter {
  return {
    ...positionOf(row),
    id: BigInt(row.id),
    messageId: row.message_id,
    type: row.type,
    time: instant(row.time),
    error: row.error,
    attempts: row.attempts,
    deadLetteredAt: instant(row.dead_lettered_at),
  };
}

/** Which fact it is: its number in its lane. */
export type FactPosition = Pick<ArrivedFact, 'organizationId' | 'source' | 'lane' | 'number'>;

export function positionOf(row: DeadLetterRow): FactPosition {
  return {
    organizationId: row.organization_id,
    source: row.source,
    lane: row.lane,
    number: BigInt(row.number),
  };
}
