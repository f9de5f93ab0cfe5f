import type { Transaction } from '@vouchsafe/database';
import { describeFailure, isTransientFailure } from './failure.js';
import { openedFact } from './dead-letter-data.js';
import { type DeadLetter, type DeadLetterRow, toDeadLetter } from './dead-letter.js';
import type { DeadLetterQueue } from './dead-letter-queue.js';
import { react } from './react.js';

/**
 * Records in the audit log what became of a dead letter. It runs in the transaction that settles it: a message is replayed or
 * discarded if and only if that is recorded.
 */
export type RecordSettled = (
  transaction: Transaction,
  message: DeadLetter,
  fate: 'replayed' | 'discarded',
) => Promise<void>;

/** Settles an organization's dead letters in their order, each in a transaction of its own. */
export function settleDeadLetters(queue: DeadLetterQueue, record: RecordSettled) {
  return {
    /**
     * Carries out the effects of messages until one fails again.
     * @returns how many were handled, and what is left
     */
    replay: async (
      organizationId: string,
      most = Number.POSITIVE_INFINITY,
    ): Promise<{ replayed: number; left: number }> => {
      let replayed = 0;
      for (; replayed < most; replayed += 1) {
        const attempt = await replayFirst(queue, record, organizationId);
        if (attempt !== 'handled') return { replayed, left: attempt };
      }
      return { replayed, left: await remaining(queue, organizationId) };
    },

    /** Removes one message without its effect; those behind it wait for `replay`. @returns whether it was there */
    discard: (id: bigint): Promise<boolean> =>
      queue.database.asWorker(async (transaction) => {
        const [row] = await transaction.query<DeadLetterRow>(
          'delete from dead_letter where consumer = $1 and id = $2 returning *',
          [queue.group, id],
        );
        if (!row) return false;
        await record(transaction, toDeadLetter(row), 'discarded');
        return true;
      }),
  };
}

/** @returns 'handled', or how many are left: none, or those behind one that failed again */
async function replayFirst(
  queue: DeadLetterQueue,
  record: RecordSettled,
  organizationId: string,
): Promise<'handled' | number> {
  const { database, vault, group, table } = queue;
  let tried: DeadLetterRow | undefined;
  try {
    return await database.asWorker(async (transaction) => {
      const [row] = await transaction.query<DeadLetterRow>(
        `select * from dead_letter where consumer = $1 and organization_id = $2 order by id limit 1 for update`,
        [group, organizationId],
      );
      if (!row) return 0;
      tried = row;
      await react(transaction, vault, table, [await openedFact(transaction, queue, row)]);
      await transaction.query('delete from dead_letter where id = $1', [row.id]);
      await record(transaction, toDeadLetter(row), 'replayed');
      return 'handled';
    });
  } catch (error) {
    if (!tried || isTransientFailure(error)) throw error;
    return noteFailure(queue, tried, error);
  }
}

async function remaining({ database, group }: DeadLetterQueue, organizationId: string): Promise<number> {
  const rows = await database.asWorker((sql) =>
    sql.query('select from dead_letter where consumer = $1 and organization_id = $2', [
      group,
      organizationId,
    ]),
  );
  return rows.length;
}

async function noteFailure(queue: DeadLetterQueue, row: DeadLetterRow, error: unknown): Promise<number> {
  await queue.database.asWorker((sql) =>
    sql.query('update dead_letter set attempts = attempts + 1, error = $2 where id = $1', [
      row.id,
      describeFailure(error),
    ]),
  );
  return remaining(queue, row.organization_id);
}
