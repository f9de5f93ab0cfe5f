import type { Batch, Bus, IncomingMessage, SubscribeOptions } from '../bus.js';
import type { WireMessage } from '../cloud-events.js';

/** A bus that delivers exactly what the test says, to whom it says; the real ones have a suite of their own. */
export function scriptedBus() {
  const members: SubscribeOptions[] = [];
  const sought: bigint[] = [];
  const bus: Bus = {
    ensureTopics: () => Promise.resolve([]),
    partitions: () => Promise.resolve(1),
    send: () => Promise.resolve(),
    subscribe: (options) => {
      members.push(options);
      return Promise.resolve({
        assigned: () => [],
        seek: (_, offset) => void sought.push(offset as bigint),
        close: () => Promise.resolve(),
      });
    },
    close: () => Promise.resolve(),
  };
  let offset = 0n;
  const log: IncomingMessage[] = [];
  return {
    bus,
    sought,
    append: (messages: readonly WireMessage[]): IncomingMessage[] =>
      messages.map((message) => {
        const incoming = { ...message, offset: offset++, appendedAt: new Date() };
        log.push(incoming);
        return incoming;
      }),
    assign: (member = 0) =>
      members[member]?.startFrom({
        topic: 't',
        partition: 0,
        earliest: 0n,
        end: offset,
        committed: null,
      }),
    deliver: async (messages: readonly IncomingMessage[], member = 0): Promise<void> => {
      const batch: Batch = {
        topic: 't',
        partition: 0,
        messages,
        end: offset,
        signal: new AbortController().signal,
      };
      await members[member]?.onBatch(batch);
    },
  };
}
