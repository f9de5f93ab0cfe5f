import { setTimeout as sleep } from 'node:timers/promises';
import type { AssignedPartition, TopicPartition } from '../bus.js';

type Bounds = Pick<AssignedPartition, 'earliest' | 'end' | 'committed'>;

/** What an assignment needs of the client that reads for it. */
export interface PartitionClient {
  readonly pause: (partition: TopicPartition) => void;
  readonly resume: (partition: TopicPartition) => void;
  /** Takes effect at the next fetch; what was fetched before is stale. */
  readonly seek: (partition: TopicPartition, offset: bigint) => void;
  readonly bounds: (partition: TopicPartition) => Promise<Bounds>;
  readonly onError: (error: unknown) => void;
  readonly pauses: { readonly first: number; readonly most: number };
}

export interface Wanted {
  readonly wanted: bigint | 'earliest' | 'end';
  readonly positioned?: () => void;
}

/** A partition that is assigned to this member: paused until it is positioned, and while it rests after a failure. */
export function assign({ topic, partition }: TopicPartition, client: PartitionClient) {
  const at = { topic, partition };
  const stopped = new AbortController();
  let next: bigint | undefined;
  let positionings = 0;
  let pause = client.pauses.first;

  const position = async (where: (bounds: Bounds) => Promise<Wanted>): Promise<void> => {
    positionings += 1;
    const mine = positionings;
    const isMine = () => mine === positionings && !stopped.signal.aborted;
    next = undefined;
    client.pause(at);
    let again = client.pauses.first;
    while (isMine()) {
      try {
        const bounds = await client.bounds(at);
        const { wanted, positioned } = await where(bounds);
        if (!isMine()) return;
        next = withinBounds(wanted, bounds);
        client.seek(at, next);
        client.resume(at);
        positioned?.();
        return;
      } catch (error) {
        client.onError(error);
        await sleep(again, undefined, { signal: stopped.signal }).catch(() => undefined);
        again = Math.min(again * 2, client.pauses.most);
      }
    }
  };

  return {
    ...at,
    signal: stopped.signal,
    /** Identifies the current positioning: work that began under another one is void. Undefined while there is none. */
    turn: (): number | undefined => (next === undefined ? undefined : positionings),
    position: (where: (bounds: Bounds) => Promise<Wanted>): void => void position(where),
    moved: (to: bigint): void => {
      next = to;
      pause = client.pauses.first;
    },
    /** After a failure the partition rests, ever longer; the others go on. */
    rest: (): void => {
      const mine = positionings;
      client.pause(at);
      setTimeout(() => {
        if (mine === positionings && !stopped.signal.aborted) client.resume(at);
      }, pause).unref();
      pause = Math.min(pause * 2, client.pauses.most);
    },
    /** The client has joined the group again and lost its offset. */
    again: (): void => {
      if (next !== undefined) client.seek(at, next);
    },
    isStopped: (): boolean => stopped.signal.aborted,
    stop: (): void => stopped.abort(),
  };
}

export type Assignment = ReturnType<typeof assign>;

/** An offset outside the log's bounds means `earliest`: the log was emptied or replaced, or retention has passed it. */
function withinBounds(wanted: bigint | 'earliest' | 'end', { earliest, end }: Bounds): bigint {
  if (wanted === 'end') return end;
  return wanted === 'earliest' || wanted < earliest || wanted > end ? earliest : wanted;
}
