import type { Transaction } from '@vouchsafe/database';
import { describeFailure, isMachineFault } from './failure.js';
import { openedFact } from './parked-data.js';
import { type ParkedMessage, type ParkedRow, toParked } from './parked-message.js';
import type { Parking } from './parking.js';
import { react } from './react.js';

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
      await react(transaction, vault, table, [await openedFact(transaction, parking, row)]);
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
