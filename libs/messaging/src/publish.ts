import type { DepartingMessage, LanePosition } from '@vouchsafe/event-store';
import type { Bus } from './bus.js';
import { positionsMessage } from './cloud-events.js';
import { busMessage } from './sealed-message.js';

const QUIET_MS = { first: 1_000, most: 60_000 } as const;

/** The two ends that the relay sends through (`startRelay({ ...publishTo(bus, topic) })`). */
export interface Publisher {
  readonly send: (messages: readonly DepartingMessage[]) => Promise<void>;
  readonly sendPositions: (source: string, lanes: readonly LanePosition[]) => Promise<void>;
}

/**
 * Facts go to the partition of their lane. The last numbers of the lanes follow in the same partitions, one message for each
 * partition: so a consumer that reads a number has been offered every fact up to it. Numbers that have not changed are repeated at
 * growing intervals, up to a minute: an idle log should not grow.
 */
export function publishTo(bus: Bus, topic: string, now: () => Date = () => new Date()): Publisher {
  const quiet = new Map<number, { told: string; at: number; pause: number }>();

  const isDue = (slot: number, told: string, at: number): boolean => {
    const last = quiet.get(slot);
    if (last?.told !== told) {
      quiet.set(slot, { told, at, pause: QUIET_MS.first });
      return true;
    }
    if (at - last.at < last.pause) return false;
    quiet.set(slot, { told, at, pause: Math.min(last.pause * 2, QUIET_MS.most) });
    return true;
  };

  return {
    send: (messages) => bus.send(topic, messages.map(busMessage)),
    sendPositions: async (source, lanes) => {
      const at = now();
      const partitions = await bus.partitions(topic);
      const bySlot = Map.groupBy(lanes, ({ lane }) => lane % partitions);
      const due = [...bySlot]
        .map(([slot, own]) => positionsMessage(source, slot, own, at))
        .filter(({ slot = 0, value }) => isDue(slot, value, at.getTime()));
      await bus.send(topic, due);
    },
  };
}
