import type { Database } from '@vouchsafe/database';
import type { AssignedPartition, TopicPartition } from '../bus.js';
import { readOffset } from './offset.js';

export interface PartitionLag extends TopicPartition {
  /** Messages between the consumer's offset and the partition's end. */
  readonly messages: bigint;
}

/** How far the consumer has read an assigned partition. */
interface KnownPartition extends TopicPartition {
  /** What this member last saw in the database; null before there was a row. */
  stored: bigint | null;
  next: bigint;
  end: bigint;
}

/** The partitions that are assigned to a member of the group. */
export function assignedPartitions(database: Database, group: string) {
  const all = new Map<string, KnownPartition>();
  const stored = (partition: TopicPartition): Promise<bigint | null> =>
    database.asWorker((sql) => readOffset(sql, group, partition));
  return {
    stored,
    of: (partition: TopicPartition): KnownPartition => {
      const found = all.get(partitionName(partition));
      if (!found) throw new Error(`No offset was read for ${partitionName(partition)}`);
      return found;
    },
    /** @returns the offset to begin from */
    assign: async (assigned: AssignedPartition): Promise<bigint> => {
      const { topic, partition, earliest, end } = assigned;
      const known = await stored(assigned);
      const next = known ?? earliest;
      all.set(partitionName(assigned), { topic, partition, stored: known, next, end });
      return next;
    },
    revoke: (partition: TopicPartition): void => void all.delete(partitionName(partition)),
    lag: (): PartitionLag[] =>
      [...all.values()].map(({ topic, partition, next, end }) => ({
        topic,
        partition,
        messages: end > next ? end - next : 0n,
      })),
  };
}

export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
