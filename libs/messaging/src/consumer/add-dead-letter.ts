import { prepared, type Sql } from '@vouchsafe/database';
import type { ArrivedFact } from '../cloud-events.js';
import { describeFailure } from './failure.js';
import { sealedFact } from './dead-letter-data.js';
import type { DeadLetterQueue } from './dead-letter-queue.js';

/**
 * Which of the organizations have dead letters. Their rows are locked until the transaction ends: a replay of one of them is waited
 * for, so a later message never overtakes it.
 */
export async function withDeadLetters(
  sql: Sql,
  group: string,
  organizationIds: readonly string[],
): Promise<Set<string>> {
  const rows = await sql.query<{ organization_id: string }>(
    prepared(`select organization_id from dead_letter
     where consumer = $1 and organization_id = any ($2) order by id for key share`),
    [group, [...new Set(organizationIds)]],
  );
  return new Set(rows.map((row) => row.organization_id));
}

/** Sets a fact aside, behind the dead letters of its organization; `failure` is null where it only waits behind another one. */
export async function addDeadLetter(
  sql: Sql,
  queue: Omit<DeadLetterQueue, 'database'>,
  fact: ArrivedFact,
  failure: { readonly error: unknown; readonly attempts: number } | null,
): Promise<void> {
  const { group, now } = queue;
  await sql.query(
    `insert into dead_letter (consumer, organization_id, source, lane, number, message_id, type, time, traceparent,
       data, error, attempts, dead_lettered_at)
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
      JSON.stringify(await sealedFact(sql, queue, fact)),
      failure && describeFailure(failure.error),
      failure?.attempts ?? 0,
      now(),
    ],
  );
}
