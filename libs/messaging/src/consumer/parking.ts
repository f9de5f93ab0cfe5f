import { type Database, instant, one, prepared, type Sql, type Transaction } from '@vouchsafe/database';
import { isErased, type PersonalField } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import type { ArrivedFact } from '../cloud-events.js';
import { describeFailure, isMachineFault } from './failure.js';
import { react, type ReactionTable } from './react.js';

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

export interface Parking {
  readonly database: Database;
  readonly vault: Vault;
  /** The consumer group. */
  readonly group: string;
  readonly table: ReactionTable;
  readonly now: () => Date;
}

/**
 * Which of the organizations have parked messages. Their rows are held until the transaction ends: a replay that is just working
 * one off is waited for, so a later message never overtakes it.
 */
export async function parkedAmong(
  sql: Sql,
  group: string,
  organizationIds: readonly string[],
): Promise<Set<string>> {
  const rows = await sql.query<{ organization_id: string }>(
    prepared(`select organization_id from parked_message
     where consumer = $1 and organization_id = any ($2) order by id for key share`),
    [group, [...new Set(organizationIds)]],
  );
  return new Set(rows.map((row) => row.organization_id));
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

export async function park(
  sql: Sql,
  parking: Omit<Parking, 'database'>,
  fact: ArrivedFact,
  failure: { readonly error: unknown; readonly attempts: number } | null,
): Promise<void> {
  const { group, now } = parking;
  await sql.query(
    `insert into parked_message (consumer, organization_id, source, lane, number, message_id, type, time, traceparent,
       data, error, attempts, parked_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      group,
      fact.organizationId,
      fact.source,
      fact.lane,
      fact.number,
      fact.id,
      fact.type,
      fact.time,
      fact.traceparent ?? null,
      JSON.stringify(await sealed(sql, parking, fact)),
      failure && describeFailure(failure.error),
      failure?.attempts ?? 0,
      now(),
    ],
  );
}

/** What waits, for the gauge and for whoever looks after it. */
export function parkedMessages({ database, group }: Pick<Parking, 'database' | 'group'>) {
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
  };
}

/**
 * Records in the audit log what became of a parked message. It runs in the transaction that settles it: no message is replayed or
 * discarded without a trace, and none has a trace that was not.
 */
export type RecordSettled = (
  transaction: Transaction,
  message: ParkedMessage,
  fate: 'replayed' | 'discarded',
) => Promise<void>;

/** Works off an organization's parked messages in their order, each in a transaction of its own. */
export function settleParked(parking: Parking, record: RecordSettled) {
  return {
    /**
     * Gives messages their effects until one fails again.
     * @returns how many were handled, and what is left
     */
    replay: async (
      organizationId: string,
      most = Number.POSITIVE_INFINITY,
    ): Promise<{ replayed: number; left: number }> => {
      let replayed = 0;
      for (; replayed < most; replayed += 1) {
        const attempt = await replayFirst(parking, record, organizationId);
        if (attempt !== 'handled') return { replayed, left: attempt };
      }
      return { replayed, left: await remaining(parking, organizationId) };
    },

    /** Removes one message without its effect; those behind it wait for `replay`. @returns whether it was there */
    discard: (id: bigint): Promise<boolean> =>
      parking.database.asWorker(async (transaction) => {
        const [row] = await transaction.query<ParkedRow>(
          'delete from parked_message where consumer = $1 and id = $2 returning *',
          [parking.group, id],
        );
        if (!row) return false;
        await record(transaction, toParked(row), 'discarded');
        return true;
      }),
  };
}

/** @returns 'handled', or how many are left: none, or those behind one that failed again */
async function replayFirst(
  parking: Parking,
  record: RecordSettled,
  organizationId: string,
): Promise<'handled' | number> {
  const { database, vault, group, table } = parking;
  let tried: ParkedRow | undefined;
  try {
    return await database.asWorker(async (transaction) => {
      const [row] = await transaction.query<ParkedRow>(
        `select * from parked_message where consumer = $1 and organization_id = $2 order by id limit 1 for update`,
        [group, organizationId],
      );
      if (!row) return 0;
      tried = row;
      await react(transaction, vault, table, [await unsealed(transaction, parking, row)]);
      await transaction.query('delete from parked_message where id = $1', [row.id]);
      await record(transaction, toParked(row), 'replayed');
      return 'handled';
    });
  } catch (error) {
    if (!tried || isMachineFault(error)) throw error;
    return noteFailure(parking, tried, error);
  }
}

async function remaining({ database, group }: Parking, organizationId: string): Promise<number> {
  const rows = await database.asWorker((sql) =>
    sql.query('select from parked_message where consumer = $1 and organization_id = $2', [
      group,
      organizationId,
    ]),
  );
  return rows.length;
}

async function noteFailure(parking: Parking, row: ParkedRow, error: unknown): Promise<number> {
  await parking.database.asWorker((sql) =>
    sql.query('update parked_message set attempts = attempts + 1, error = $2 where id = $1', [
      row.id,
      describeFailure(error),
    ]),
  );
  return remaining(parking, row.organization_id);
}

type Place = Pick<ArrivedFact, 'organizationId' | 'source' | 'lane' | 'number'>;

/**
 * Field by field under the subjects' keys, so that an erasure reaches parked messages too. What does not fit its contract has no
 * known fields and is sealed whole, under the organization's key.
 */
async function sealed(
  sql: Sql,
  { vault, group, table }: Omit<Parking, 'database'>,
  fact: ArrivedFact,
): Promise<object> {
  const fields = readableFields(table, fact);
  const context = contextOf(group, fact);
  if (fields) {
    const data = JSON.parse(fact.value) as object;
    return { fields: await vault.sealFields(sql, fact.organizationId, fields, data, context) };
  }
  return { whole: await vault.seal(sql, ofOrganization(fact), context, fact.value) };
}

async function unsealed(sql: Sql, { vault, group, table }: Parking, row: ParkedRow): Promise<ArrivedFact> {
  const place = placeOf(row);
  const context = contextOf(group, place);
  const value =
    'fields' in row.data
      ? JSON.stringify(
          await vault.openFields(
            sql,
            row.organization_id,
            table.get(row.type)?.contract.personal ?? [],
            row.data.fields,
            context,
          ),
        )
      : await vault.open(sql, ofOrganization(place), context, row.data.whole);
  return {
    ...place,
    kind: 'fact',
    id: row.message_id,
    type: row.type,
    time: instant(row.time),
    traceparent: row.traceparent ?? undefined,
    value: isErased(value) ? 'null' : value,
  };
}

/** The personal fields of a fact that fits its contract. */
function readableFields(table: ReactionTable, fact: ArrivedFact): readonly PersonalField[] | undefined {
  const contract = table.get(fact.type)?.contract;
  try {
    return contract?.schema.safeParse(JSON.parse(fact.value)).success ? contract.personal : undefined;
  } catch {
    return undefined;
  }
}

interface ParkedRow {
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

function toParked(row: ParkedRow): ParkedMessage {
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

function placeOf(row: ParkedRow): Place {
  return {
    organizationId: row.organization_id,
    source: row.source,
    lane: row.lane,
    number: BigInt(row.number),
  };
}

function ofOrganization({ organizationId }: Place) {
  return { organizationId, subjectId: null };
}

function contextOf(group: string, { source, lane, number }: Place): string[] {
  return ['parked-message', group, source, String(lane), String(number), 'data'];
}
