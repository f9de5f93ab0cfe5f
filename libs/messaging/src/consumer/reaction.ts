import type { Contract, DataOf } from '@vouchsafe/contracts';
import type { Transaction } from '@vouchsafe/database';

/** A fact of another service, checked against its contract; personal values read as `ERASED` where the subject is gone. */
export interface Received<Data = object> {
  readonly source: string;
  readonly lane: number;
  /** With source and lane the fact's identity: the same for every delivery. */
  readonly number: bigint;
  readonly id: string;
  readonly type: string;
  /** When the source recorded it. */
  readonly time: Date;
  readonly organizationId: string;
  readonly traceparent: string | undefined;
  readonly data: Data;
}

/**
 * What a service does when facts arrive. Effects go through `transaction`, the consumer's own database: they are committed
 * with the fact's number, so each has its effect exactly once. Emails and calls to others are at least once.
 */
export type Reaction = {
  readonly contracts: readonly Contract[];
} & (
  | {
      readonly batch: false;
      readonly handle: (message: Received, transaction: Transaction) => Promise<void>;
    }
  | {
      readonly batch: true;
      /** Consecutive facts, in order; a single one where a batch failed before. */
      readonly handle: (messages: readonly Received[], transaction: Transaction) => Promise<void>;
    }
);

export function reaction<C extends Contract>(
  contracts: C | readonly C[],
  handle: (message: Received<DataOf<C>>, transaction: Transaction) => Promise<void>,
): Reaction {
  return { contracts: [contracts].flat(), batch: false, handle: handle as never };
}

export function batchReaction<C extends Contract>(
  contracts: C | readonly C[],
  handle: (messages: readonly Received<DataOf<C>>[], transaction: Transaction) => Promise<void>,
): Reaction {
  return { contracts: [contracts].flat(), batch: true, handle: handle as never };
}

/** Thrown by a reaction that cannot take a fact and knows why. */
export class RefusedFactError extends Error {
  override readonly name = 'RefusedFactError';
  /** @param because of a closed set of the reaction's own, nothing of the fact: it is kept in clear with the dead letter */
  constructor(readonly because: string) {
    super(`The fact was refused: ${because}`);
  }
}
