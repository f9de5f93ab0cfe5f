import type { Consumer } from 'kafkajs';
import type { AssignedPartition, SubscribeOptions, TopicPartition } from '../bus.js';
import type { OpenAdmin } from './admin.js';
import { assign, type Assignment, type PartitionClient } from './assignment.js';

/** A partition that was paused is fetched again after so long at most. */
const PAUSE_MS = { first: 50, most: 5_000 } as const;

/** The partitions that are assigned to a member of a group. */
export function assignmentsOf(admin: OpenAdmin, options: SubscribeOptions) {
  const all = new Map<string, Assignment>();
  let member: string | undefined;

  const release = (stays: (assignment: Assignment) => boolean): void => {
    for (const [name, assignment] of all) {
      if (stays(assignment)) continue;
      assignment.stop();
      all.delete(name);
      options.onRevoked?.({ topic: assignment.topic, partition: assignment.partition });
    }
  };

  const take = (partition: TopicPartition, of: Consumer): void => {
    const assignment = assign(partition, clientOf(of, admin, options));
    all.set(nameOf(partition), assignment);
    assignment.position(async (bounds) => {
      const assignedPartition = { ...partition, ...bounds };
      const wanted = await options.startFrom(assignedPartition);
      return { wanted, positioned: () => options.onAssigned?.(assignedPartition) };
    });
  };

  return {
    of: (partition: TopicPartition): Assignment | undefined => all.get(nameOf(partition)),
    all: (): readonly Assignment[] => [...all.values()],

    /** The consumer has joined the group, anew or again, and was assigned these partitions. */
    joined: (of: Consumer, memberId: string, assignment: Record<string, number[]>): void => {
      const assigned = Object.entries(assignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      const names = new Set(assigned.map(nameOf));
      // The same member was never out of the group in between: no other member has read what it still has.
      release((assignment) => memberId === member && names.has(nameOf(assignment)));
      member = memberId;
      for (const partition of assigned) {
        const kept = all.get(nameOf(partition));
        if (kept) kept.again();
        else take(partition, of);
      }
    },

    /** The consumer is out of the group. */
    left: (): void => {
      member = undefined;
      release(() => false);
    },
  };
}

export type Assignments = ReturnType<typeof assignmentsOf>;

function clientOf(of: Consumer, admin: OpenAdmin, options: SubscribeOptions): PartitionClient {
  return {
    pause: (partition) => of.pause([only(partition)]),
    resume: (partition) => of.resume([only(partition)]),
    seek: (partition, offset) => of.seek({ ...partition, offset: String(offset) }),
    bounds: (partition) => boundsOf(admin, options.group, partition),
    onError: (error) => options.onError?.(error),
    pauses: PAUSE_MS,
  };
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

function only({ topic, partition }: TopicPartition) {
  return { topic, partitions: [partition] };
}

async function boundsOf(
  admin: OpenAdmin,
  group: string,
  { topic, partition }: TopicPartition,
): Promise<Pick<AssignedPartition, 'earliest' | 'end' | 'committed'>> {
  const [offsets, committed] = await Promise.all([
    admin.use((client) => client.fetchTopicOffsets(topic)),
    admin.use((client) => client.fetchOffsets({ groupId: group, topics: [topic] })),
  ]);
  const found = offsets.find((each) => each.partition === partition);
  if (!found)
    throw new Error(`The bus did not return the first and last offset of ${nameOf({ topic, partition })}`);
  const hint = committed[0]?.partitions.find((each) => each.partition === partition)?.offset;
  return {
    earliest: BigInt(found.low),
    end: BigInt(found.high),
    committed: hint === undefined || BigInt(hint) < 0n ? null : BigInt(hint),
  };
}
