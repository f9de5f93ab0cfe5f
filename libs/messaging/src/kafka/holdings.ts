import type { Consumer } from 'kafkajs';
import type { AssignedPartition, SubscribeOptions, TopicPartition } from '../bus.js';
import type { OpenAdmin } from './admin.js';
import { type Holding, hold, type HoldingPlace } from './holding.js';

/** A partition that was paused is fetched again after so long at most. */
const PAUSE_MS = { first: 50, most: 5_000 } as const;

/** The partitions that a member of a group holds. */
export function holdingsOf(admin: OpenAdmin, options: SubscribeOptions) {
  const held = new Map<string, Holding>();
  let member: string | undefined;

  const release = (stays: (holding: Holding) => boolean): void => {
    for (const [name, holding] of held) {
      if (stays(holding)) continue;
      holding.stop();
      held.delete(name);
      options.onRevoked?.({ topic: holding.topic, partition: holding.partition });
    }
  };

  const take = (partition: TopicPartition, of: Consumer): void => {
    const holding = hold(partition, placeOn(of, admin, options));
    held.set(nameOf(partition), holding);
    holding.place(async (bounds) => {
      const assignedPartition = { ...partition, ...bounds };
      const wanted = await options.startFrom(assignedPartition);
      return { wanted, placed: () => options.onAssigned?.(assignedPartition) };
    });
  };

  return {
    of: (partition: TopicPartition): Holding | undefined => held.get(nameOf(partition)),
    all: (): readonly Holding[] => [...held.values()],

    /** The consumer has joined the group, anew or again, and was assigned these partitions. */
    joined: (of: Consumer, memberId: string, assignment: Record<string, number[]>): void => {
      const assigned = Object.entries(assignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      const names = new Set(assigned.map(nameOf));
      // The same member was never out of the group in between: nobody else has held what it still holds.
      release((holding) => memberId === member && names.has(nameOf(holding)));
      member = memberId;
      for (const partition of assigned) {
        const kept = held.get(nameOf(partition));
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

export type Holdings = ReturnType<typeof holdingsOf>;

function placeOn(of: Consumer, admin: OpenAdmin, options: SubscribeOptions): HoldingPlace {
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
  if (!found) throw new Error(`The bus does not say where ${nameOf({ topic, partition })} begins and ends`);
  const hint = committed[0]?.partitions.find((each) => each.partition === partition)?.offset;
  return {
    earliest: BigInt(found.low),
    end: BigInt(found.high),
    committed: hint === undefined || BigInt(hint) < 0n ? null : BigInt(hint),
  };
}
