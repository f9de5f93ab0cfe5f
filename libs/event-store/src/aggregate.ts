import type { Decider, DomainEvent, EventCatalog, Rejected } from '@vouchsafe/event-sourcing';
import type { InlineProjection } from './inline-projection.js';

/** An aggregate as the store knows it: where its streams are, what they hold, who decides, what is read from it. */
export interface Aggregate<State, Command, Event extends DomainEvent, Rejection extends Rejected> {
  /** First part of the stream's name: `<category>-<id>`. */
  readonly category: string;
  readonly catalog: EventCatalog;
  readonly decider: Decider<State, Command, Event, Rejection>;
  /** Read models in the append's own transaction; log-in and permission checks read these alone. */
  readonly inline: readonly InlineProjection<Event>[];
}

export function aggregate<State, Command, Event extends DomainEvent, Rejection extends Rejected>(
  definition: Omit<Aggregate<State, Command, Event, Rejection>, 'inline'> & {
    readonly inline?: readonly InlineProjection<Event>[];
  },
): Aggregate<State, Command, Event, Rejection> {
  return { inline: [], ...definition };
}

export function streamOf({ category }: { readonly category: string }, id: string): string {
  return `${category}-${id}`;
}
