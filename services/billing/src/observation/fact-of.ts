import { type Contract, type Fact, publication } from '@vouchsafe/contracts';
import type { RecordedEvent } from '@vouchsafe/event-store';

/** The contract's fact of an event whose data are the fact's own matter. */
export function factOf(
  contract: Contract,
  { data, envelope: { actor, occurredAt, requestId } }: RecordedEvent,
): readonly Fact[] {
  // The relay stops at a fact that does not fit its contract.
  return [publication(contract, { ...data, actor, occurredAt: occurredAt.toISOString(), requestId })];
}
