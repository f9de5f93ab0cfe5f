import { type Contract, type DataOf, type Fact, publication } from '@vouchsafe/contracts';
import type { DomainEvent } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';

/** The contract's fact of an event whose data are the fact's own matter. */
export function factOf<C extends Contract>(
  contract: C,
  { data, envelope: { actor, occurredAt, requestId } }: RecordedEvent<DomainEvent>,
): readonly Fact[] {
  // The relay stops at a fact that does not fit its contract.
  return [
    publication(contract, { ...data, actor, occurredAt: occurredAt.toISOString(), requestId } as DataOf<C>),
  ];
}
