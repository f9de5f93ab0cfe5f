import { prepared, type Sql } from '@vouchsafe/database';
import type { TopicPartition } from '../bus.js';

/** A step of a partition's offset in the consumer's own database; Kafka's committed offset is only a hint. */
export interface OffsetStep extends TopicPartition {
  /** What this member last saw in the database; null before there was a row. */
  readonly expected: bigint | null;
  readonly next: bigint;
}

/** The partition belongs to another member, who has moved on. */
export class LostOffsetError extends Error {
  override readonly name = 'LostOffsetError';
}

export async function readOffset(
  sql: Sql,
  consumer: string,
  { topic, partition }: TopicPartition,
): Promise<bigint | null> {
  const [row] = await sql.query<{ next_offset: string }>(
    'select next_offset from consumer_offset where consumer = $1 and topic = $2 and partition = $3',
    [consumer, topic, partition],
  );
  return row ? BigInt(row.next_offset) : null;
}

/** Moves an offset from the expected value, or creates it; takes `offsetValues`. Returns no row where the offset has another value. */
export const movedOffset = `
  insert into consumer_offset as known (consumer, topic, partition, next_offset) values ($1, $2, $3, $4)
  on conflict (consumer, topic, partition) do update set next_offset = excluded.next_offset
    where known.next_offset = $5
  returning 1`;

export function offsetValues(consumer: string, { topic, partition, next, expected }: OffsetStep): unknown[] {
  return [consumer, topic, partition, next, expected];
}

/**
 * Runs first in the transaction: the row's lock keeps a second member with the same partition waiting, and a member that has lost the
 * partition fails here, because the offset is not the one that it expected, before any handler has run.
 */
export async function moveOffset(sql: Sql, consumer: string, step: OffsetStep): Promise<void> {
  const moved = await sql.query(prepared(movedOffset), offsetValues(consumer, step));
  if (moved.length === 0) {
    throw new LostOffsetError(
      `${consumer} is no longer at ${step.expected} of ${step.topic}/${step.partition}`,
    );
  }
}
