import { randomUUID } from 'node:crypto';
import type { SubscribeOptions, Subscription, TopicPartition } from '../bus.js';
import type { BeatRow, Log } from './log.js';
import { type PartitionReader, readPartition } from './partition-reader.js';
import { wakeable } from '../wakeable.js';

export interface Membership {
  /** Between two signs of life. */
  readonly beatMs: number;
  /** Without a sign of life for so long, a member is dead and its partitions go to others. */
  readonly deadAfterMs: number;
}

const POLL_MS = { first: 20, most: 1_000 } as const;

/** One member of a group: shows that it lives, holds the partitions that are its own, and tells their readers of news. */
export function joinGroup(
  log: Log,
  options: SubscribeOptions,
  { beatMs, deadAfterMs }: Membership,
  tellGroup: () => void,
) {
  const member = randomUUID();
  const { group, topics } = options;
  const held = new Map<string, PartitionReader>();
  const beatNow = wakeable();
  const pollNow = wakeable();
  let closing = false;

  const revoke = async (name: string, reader: PartitionReader, release: boolean): Promise<void> => {
    await reader.stop();
    if (release) {
      await commit([reader]);
      await log.letGo(group, member, reader.topicId, reader.partition);
      tellGroup();
    }
    held.delete(name);
    options.onRevoked?.({ topic: reader.topic, partition: reader.partition });
    beatNow.raise();
  };

  let committing: Promise<void> = Promise.resolve();
  /** One after the other: on two connections an older place could be stored after a newer one. */
  const commit = (readers: Iterable<PartitionReader>): Promise<void> => {
    const store = async (): Promise<void> => {
      const places = [...readers].flatMap((reader) => {
        const next = reader.next();
        return next === undefined ? [] : [{ topicId: reader.topicId, partition: reader.partition, next }];
      });
      if (places.length > 0) await log.commit(group, member, places);
    };
    committing = committing.then(store, store);
    return committing;
  };

  const beat = async (): Promise<void> => {
    const rows = await log.beat(group, member, topics, deadAfterMs);
    if (rows[0]?.shared) tellGroup();
    const ours = new Map(rows.flatMap((row) => (isHeld(row) ? [[nameOf(row), row] as const] : [])));
    for (const [name, reader] of held) {
      const row = ours.get(name);
      if (reader.stopping()) continue;
      if (!row?.keep) void revoke(name, reader, row !== undefined).catch(options.onError);
    }
    for (const [name, row] of ours) {
      if (!row.keep || held.has(name) || closing) continue;
      held.set(
        name,
        readPartition(
          log,
          row.topic_id,
          {
            topic: row.topic,
            partition: row.partition,
            committed: row.committed === null ? null : BigInt(row.committed),
          },
          options,
        ),
      );
      pollNow.raise();
    }
    await commit(held.values());
  };

  /** Tells the readers where their partitions end; whether anything moved. */
  const poll = async (): Promise<boolean> => {
    if (held.size === 0) return false;
    let moved = false;
    for (const row of await log.ends(topics)) {
      const reader = held.get(nameOf(row));
      if (reader?.sawEnd(BigInt(row.next_offset))) moved = true;
    }
    return moved;
  };

  const repeat = async (work: () => Promise<number>, signal: ReturnType<typeof wakeable>): Promise<void> => {
    while (!closing) {
      const pause = await work().catch((error: unknown) => {
        options.onError?.(error);
        return beatMs;
      });
      await signal.wait(pause);
    }
  };

  let pollPause: number = POLL_MS.first;
  let told = false;
  const loops = Promise.all([
    repeat(async () => {
      await beat();
      return beatMs;
    }, beatNow),
    repeat(async () => {
      const asked = told;
      told = false;
      const moved = await poll();
      // News that nobody told of: no notification gets through, and polling alone carries the bus.
      if (moved && !asked) pollPause = POLL_MS.first;
      else pollPause = asked ? POLL_MS.most : Math.min(pollPause * 2, POLL_MS.most);
      return pollPause;
    }, pollNow),
  ]);

  const subscription: Subscription = {
    assigned: (): readonly TopicPartition[] =>
      [...held.values()]
        .filter((reader) => !reader.stopping())
        .map(({ topic, partition }) => ({ topic, partition })),
    seek: ({ topic, partition }, offset) => {
      for (const reader of held.values()) {
        if (reader.topic === topic && reader.partition === partition) reader.seek(offset);
      }
    },
    close: async () => {
      if (closing) return;
      closing = true;
      beatNow.raise();
      pollNow.raise();
      await loops;
      const readers = [...held.values()];
      await Promise.all(readers.map((reader) => reader.stop()));
      await commit(readers);
      await log.leave(group, member);
      held.clear();
      for (const { topic, partition } of readers) options.onRevoked?.({ topic, partition });
      tellGroup();
    },
  };
  return {
    subscription,
    group,
    topics,
    /** New messages are in a topic of ours. */
    wakePoll: (): void => {
      told = true;
      pollNow.raise();
    },
    /** The group's members or shares changed. */
    wakeBeat: (): void => beatNow.raise(),
  };
}

export type Member = ReturnType<typeof joinGroup>;

type HeldRow = BeatRow & { readonly topic: string; readonly topic_id: number; readonly partition: number };

function isHeld(row: BeatRow): row is HeldRow {
  return row.topic_id !== null;
}

function nameOf({ topic_id, partition }: { topic_id: number; partition: number }): string {
  return `${topic_id}/${partition}`;
}
