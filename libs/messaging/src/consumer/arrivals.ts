import type { Batch, TopicPartition } from '../bus.js';
import { type ArrivedFact, readMessage, type SealedFact } from '../cloud-events.js';
import type { Lane } from './lanes.js';
import type { factOpener, NotOpened } from './open-facts.js';
import { partitionName } from './partitions.js';
import type { ReactionTable } from './react.js';

/** A message that no relay of ours has sent; it is left out, loudly. */
class ForeignMessageError extends Error {
  override readonly name = 'ForeignMessageError';
  constructor(partition: TopicPartition, offset: bigint, reason: string) {
    super(`${partitionName(partition)} has a message at offset ${offset} that no relay sent: ${reason}`);
  }
}

interface Arrived<Fact = ArrivedFact | SealedFact> {
  readonly fact: Fact;
  readonly offset: bigint;
}

/** What a batch brings. */
export interface Arrivals {
  /** To be taken, in their order. */
  readonly facts: readonly Arrived<ArrivedFact>[];
  /** Numbers that sources have given out: those of the facts that are left out here are gaps. */
  readonly given: readonly (Lane & { readonly number: bigint })[];
  /** Offset after the batch. */
  readonly next: bigint;
}

export interface ReadingOptions {
  readonly table: ReactionTable;
  /** Whether the fact has had its effect already. */
  readonly isKnown: (fact: ArrivedFact | SealedFact) => boolean;
  readonly open: ReturnType<typeof factOpener>;
  readonly onNotOpened: ((why: NotOpened) => void) | undefined;
  readonly onError: ((error: unknown) => void) | undefined;
}

/** Reads batches, and opens what concerns this consumer. */
export function batchReader({ table, isKnown, open, onNotOpened, onError }: ReadingOptions) {
  const opened = async (arrived: readonly Arrived[]): Promise<Arrived<ArrivedFact>[]> => {
    const facts = await open(
      arrived.flatMap(({ fact }) => (fact.kind === 'sealed' && table.concerns(fact.type) ? [fact] : [])),
    );
    return arrived.flatMap(({ fact, offset }) => {
      // What no reaction is for stays encrypted: this service does not ask for keys that it has no use for.
      if (!table.concerns(fact.type)) return [{ fact: { ...fact, kind: 'fact' as const }, offset }];
      if (fact.kind === 'fact') {
        if (!table.isPersonal(fact.type)) return [{ fact, offset }];
        onNotOpened?.('not-encrypted');
        return [];
      }
      const found = facts.get(fact);
      return found ? [{ fact: found, offset }] : [];
    });
  };

  return async (batch: Batch): Promise<Arrivals> => {
    const arrived: Arrived[] = [];
    const positions: Arrivals['given'][number][] = [];
    for (const message of batch.messages) {
      const read = readMessage(message);
      if (read.kind === 'foreign') {
        onError?.(new ForeignMessageError(batch, message.offset, read.reason));
      } else if (read.kind === 'positions') {
        for (const { lane, number } of read.lanes) positions.push({ source: read.source, lane, number });
      } else if (!isKnown(read) && !table.isTakenOtherwise(read)) {
        arrived.push({ fact: read, offset: message.offset });
      }
    }
    const numbers = arrived.map(({ fact: { source, lane, number } }) => ({ source, lane, number }));
    return {
      facts: await opened(arrived),
      given: [...numbers, ...positions],
      next: (batch.messages.at(-1)?.offset ?? 0n) + 1n,
    };
  };
}
