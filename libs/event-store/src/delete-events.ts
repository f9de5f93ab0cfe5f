/** @promise P31 removes every event of an organization that is being erased */
import type { Database, Transaction } from '@vouchsafe/database';

/** Positions of one transaction: few enough to hold nobody up, whoever the events in them belong to. */
const POSITIONS = 50_000n;

/**
 * One pass over all positions, in transactions of bounded size: no index by organization slows down each append for the sake of a rare
 * removal. Safe to repeat. What was numbered of the events is answered as removed to whoever asks (`readLane`).
 * @param destroy runs one of the transactions, as `retention`
 */
export async function deleteEvents(
  database: Database,
  organizationId: string,
  destroy: (work: (sql: Transaction) => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const [ends] = await database.asWorker((sql) =>
    sql.query<{ first: string | null; last: string | null }>(
      'select min(position) as first, max(position) as last from event',
    ),
  );
  if (ends?.first == null || ends.last == null) return;
  const last = BigInt(ends.last);
  for (let from = BigInt(ends.first); from <= last; from += POSITIONS)
    await destroy((sql) =>
      sql.query('select lookup.delete_events($1, $2, $3)', [
        organizationId,
        String(from),
        String(from + POSITIONS - 1n),
      ]),
    );
}
