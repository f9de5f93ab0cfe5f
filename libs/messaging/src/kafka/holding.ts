import { setTimeout as sleep } from 'node:timers/promises';
import type { AssignedPartition, TopicPartition } from '../bus.js';

type Bounds = Pick<AssignedPartition, 'earliest' | 'end' | 'committed'>;

/** What a holding needs of the client that reads for it. */
export interface HoldingPlace {
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
  readonly placed?: () => void;
}

/** A partition that this member holds: paused until it is placed, and while it rests after a failure. */
export function hold({ topic, partition }: TopicPartition, client: HoldingPlace) {
  const at = { topic, partition };
  const stopped = new AbortController();
  let next: bigint | undefined;
  let placings = 0;
  let pause = client.pauses.first;

  const place = async (where: (bounds: Bounds) => Promise<Wanted>): Promise<void> => {
    placings += 1;
    const mine = placings;
    const isMine = () => mine === placings && !stopped.signal.aborted;
    next = undefined;
    client.pause(at);
    let again = client.pauses.first;
    while (isMine()) {
      try {
        const bounds = await client.bounds(at);
        const { wanted, placed } = await where(bounds);
        if (!isMine()) return;
        next = inside(wanted, bounds);
        client.seek(at, next);
        client.resume(at);
        placed?.();
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
    /** Names the present placing: what began under another one is void. Undefined while there is none. */
    turn: (): number | undefined => (next === undefined ? undefined : placings),
    place: (where: (bounds: Bounds) => Promise<Wanted>): void => void place(where),
    moved: (to: bigint): void => {
      next = to;
      pause = client.pauses.first;
    },
    /** After a failure the partition rests, ever longer; the others go on. */
    rest: (): void => {
      const mine = placings;
      client.pause(at);
      setTimeout(() => {
        if (mine === placings && !stopped.signal.aborted) client.resume(at);
      }, pause).unref();
      pause = Math.min(pause * 2, client.pauses.most);
    },
    /** The group was joined anew and the client forgot where it stood. */
    again: (): void => {
      if (next !== undefined) client.seek(at, next);
    },
    isStopped: (): boolean => stopped.signal.aborted,
    stop: (): void => stopped.abort(),
  };
}

export type Holding = ReturnType<typeof hold>;

/** An offset outside of what the log holds means `earliest`: the log was emptied or replaced, or retention has passed it. */
function inside(wanted: bigint | 'earliest' | 'end', { earliest, end }: Bounds): bigint {
  if (wanted === 'end') return end;
  return wanted === 'earliest' || wanted < earliest || wanted > end ? earliest : wanted;
}
