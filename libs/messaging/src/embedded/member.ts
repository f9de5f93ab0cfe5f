import { randomUUID } from 'node:crypto';
import type { SubscribeOptions, Subscription, TopicPartition } from '../bus.js';
import { assignmentsOf } from './assignments.js';
import type { Log } from './log.js';
import { wakeable } from '../wakeable.js';

export interface Membership {
  /** Between two heartbeats. */
  readonly heartbeatMs: number;
  /** A member without a heartbeat for so long is dead, and its partitions go to others. */
  readonly deadAfterMs: number;
}

const POLL_MS = { first: 20, most: 1_000 } as const;

/** One member of a group: sends heartbeats, reads its assigned partitions, and tells their readers where the log ends. */
export function joinGroup(
  log: Log,
  options: SubscribeOptions,
  { heartbeatMs, deadAfterMs }: Membership,
  notifyGroup: () => void,
) {
  const member = randomUUID();
  const { group, topics } = options;
  const heartbeatNow = wakeable();
  const pollPace = pacing();
  const closing = new AbortController();
  const isClosing = () => closing.signal.aborted;
  const assignments = assignmentsOf(log, options, member, {
    onReleased: notifyGroup,
    onRevoked: heartbeatNow.raise,
    onTaken: pollPace.wake.raise,
  });
  const heartbeat = async (): Promise<number> => {
    const rows = await log.heartbeat(group, member, topics, deadAfterMs);
    if (rows[0]?.shared) notifyGroup();
    assignments.share(rows, isClosing);
    await assignments.commit();
    return heartbeatMs;
  };
  const poll = () => pollPace.after(() => sawNewEnds(log, topics, assignments));
  const onError = (error: unknown): number => {
    options.onError?.(error);
    return heartbeatMs;
  };
  const loops = Promise.all([
    repeat(() => heartbeat().catch(onError), heartbeatNow, isClosing),
    repeat(() => poll().catch(onError), pollPace.wake, isClosing),
  ]);
  const close = async (): Promise<void> => {
    if (isClosing()) return;
    closing.abort();
    heartbeatNow.raise();
    pollPace.wake.raise();
    await loops;
    const left = await assignments.end(() => log.leave(group, member));
    for (const { topic, partition } of left) options.onRevoked?.({ topic, partition });
    notifyGroup();
  };
  return {
    subscription: { ...readingOf(assignments), close } satisfies Subscription,
    group,
    topics,
    /** New messages are in a topic of ours. */
    wakePoll: pollPace.notified,
    /** The group's members or shares changed. */
    wakeHeartbeat: heartbeatNow.raise,
  };
}

type Assignments = ReturnType<typeof assignmentsOf>;

/** Tells the readers where their partitions end. @returns whether any of the ends has moved */
async function sawNewEnds(log: Log, topics: readonly string[], assignments: Assignments): Promise<boolean> {
  if (assignments.readers().length === 0) return false;
  let moved = false;
  for (const row of await log.ends(topics)) {
    if (assignments.of(row)?.sawEnd(BigInt(row.next_offset))) moved = true;
  }
  return moved;
}

function readingOf(assignments: Assignments): Pick<Subscription, 'assigned' | 'seek'> {
  return {
    assigned: (): readonly TopicPartition[] =>
      assignments
        .readers()
        .filter((reader) => !reader.stopping())
        .map(({ topic, partition }) => ({ topic, partition })),
    seek: ({ topic, partition }, offset) => {
      for (const reader of assignments.readers()) {
        if (reader.topic === topic && reader.partition === partition) reader.seek(offset);
      }
    },
  };
}

export type Member = ReturnType<typeof joinGroup>;

/** How long to wait between two polls: long while notifications arrive, and short where they do not. */
function pacing() {
  const wake = wakeable();
  let pause: number = POLL_MS.first;
  let isNotified = false;
  return {
    wake,
    notified: (): void => {
      isNotified = true;
      wake.raise();
    },
    /** @param poll whether anything moved */
    after: async (poll: () => Promise<boolean>): Promise<number> => {
      const wasNotified = isNotified;
      isNotified = false;
      const moved = await poll();
      // New messages without a notification: notifications do not get through, and the bus depends on polling.
      if (moved && !wasNotified) pause = POLL_MS.first;
      else pause = wasNotified ? POLL_MS.most : Math.min(pause * 2, POLL_MS.most);
      return pause;
    },
  };
}

/** @param work answers with the pause until the next turn */
async function repeat(
  work: () => Promise<number>,
  wake: ReturnType<typeof wakeable>,
  isClosing: () => boolean,
): Promise<void> {
  while (!isClosing()) await wake.wait(await work());
}
