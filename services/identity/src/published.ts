import type { Fact } from '@vouchsafe/contracts';
import type { DomainEvent } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';

/** For each type of event, what leaves the service of it, nothing of a private one; total, so that a forgotten type does not compile. */
export type FactsOf<Event extends DomainEvent> = {
  readonly [Type in Event['type']]: (
    event: RecordedEvent<Extract<Event, { readonly type: Type }>>,
  ) => Fact | null;
};

/** What every fact says beside its own matter. */
export function factBase({ envelope }: Pick<RecordedEvent, 'envelope'>) {
  return {
    actor: envelope.actor,
    occurredAt: envelope.occurredAt.toISOString(),
    requestId: envelope.requestId,
  };
}

export function toFacts<Event extends DomainEvent>(
  facts: FactsOf<Event>,
): (event: RecordedEvent<Event>) => readonly Fact[] {
  return (event) => {
    // The event's own type chose the function.
    const publish = facts[event.type] as (recorded: RecordedEvent<Event>) => Fact | null;
    const fact = publish(event);
    return fact ? [fact] : [];
  };
}
