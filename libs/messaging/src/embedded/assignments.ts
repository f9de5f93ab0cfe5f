import type { SubscribeOptions, TopicPartition } from '../bus.js';
import type { HeartbeatRow, Log } from './log.js';
import { type PartitionReader, readPartition } from './partition-reader.js';

/** Hears what becomes of a member's partitions. */
export interface AssignmentsEvents {
  /** One was given back: another member may take it. */
  readonly onReleased: () => void;
  readonly onRevoked: () => void;
  readonly onTaken: () => void;
}

/** The partitions that are assigned to a member, each with its reader. */
export function assignmentsOf(
  log: Log,
  options: SubscribeOptions,
  member: string,
  events: AssignmentsEvents,
) {
  const assigned = new Map<string, PartitionReader>();
  const commit = committing(log, options.group, member);

  const revoke = async (name: string, reader: PartitionReader, release: boolean): Promise<void> => {
    await reader.stop();
    if (release) {
      await commit([reader]);
      await log.release(options.group, member, reader.topicId, reader.partition);
      events.onReleased();
    }
    assigned.delete(name);
    options.onRevoked?.({ topic: reader.topic, partition: reader.partition });
    events.onRevoked();
  };

  return {
    readers: (): readonly PartitionReader[] => [...assigned.values()],
    of: (row: { topic_id: number; partition: number }): PartitionReader | undefined =>
      assigned.get(nameOf(row)),
    commit: () => commit(assigned.values()),

    /** Releases partitions that a heartbeat no longer assigns to this member, and starts new ones, unless the member is closing. */
    share: (rows: readonly HeartbeatRow[], isClosing: () => boolean): void => {
      const ours = new Map(rows.flatMap((row) => (isAssigned(row) ? [[nameOf(row), row] as const] : [])));
      for (const [name, reader] of assigned) {
        const row = ours.get(name);
        if (reader.stopping()) continue;
        if (!row?.keep) void revoke(name, reader, row !== undefined).catch(options.onError);
      }
      for (const [name, row] of ours) {
        if (!row.keep || assigned.has(name) || isClosing()) continue;
        assigned.set(name, readPartition(log, row.topic_id, partitionOf(row), options));
        events.onTaken();
      }
    },

    /** Ends all readers, stores their offsets, and then leaves the group. @returns the partitions that were assigned until then */
    end: async (leave: () => Promise<void>): Promise<readonly TopicPartition[]> => {
      const readers = [...assigned.values()];
      await Promise.all(readers.map((reader) => reader.stop()));
      await commit(readers);
      await leave();
      assigned.clear();
      return readers;
    },
  };
}

/** Stores the readers' offsets. One call at a time: on two connections an older offset could be stored after a newer one. */
function committing(log: Log, group: string, member: string) {
  let committing: Promise<void> = Promise.resolve();
  return (readers: Iterable<PartitionReader>): Promise<void> => {
    const store = async (): Promise<void> => {
      const offsets = [...readers].flatMap((reader) => {
        const next = reader.next();
        return next === undefined ? [] : [{ topicId: reader.topicId, partition: reader.partition, next }];
      });
      if (offsets.length > 0) await log.commit(group, member, offsets);
    };
    committing = committing.then(store, store);
    return committing;
  };
}

type AssignedRow = HeartbeatRow & {
  readonly topic: string;
  readonly topic_id: number;
  readonly partition: number;
};

function isAssigned(row: HeartbeatRow): row is AssignedRow {
  return row.topic_id !== null;
}

function nameOf({ topic_id, partition }: { topic_id: number; partition: number }): string {
  return `${topic_id}/${partition}`;
}

function partitionOf({ topic, partition, committed }: AssignedRow) {
  return { topic, partition, committed: committed === null ? null : BigInt(committed) };
}
