import type { Publication } from '@vouchsafe/contracts';
import type { DomainEvent, EventCatalog } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from './recorded-event.js';

/** A published fact with its place in the source's lanes. */
export interface LaneMessage {
  /** The service that owns the lane. */
  readonly source: string;
  readonly lane: number;
  /** From 1, without gaps in a lane. */
  readonly number: bigint;
  /** The same for every sending of the same fact: `<source>/<lane>/<number>`. */
  readonly id: string;
  /** Order is kept per key: the organization. */
  readonly key: string;
  readonly time: Date;
  readonly traceparent: string | undefined;
  readonly publication: Publication;
}

/** How one kind of stream leaves the service: `*.published.ts` as a function. */
export interface Publishing {
  readonly catalog: EventCatalog;
  /** Pure; the same event always gives the same facts, in the same order. */
  readonly publish: (event: RecordedEvent) => readonly Publication[];
}

/** Ties a stream's events to what leaves of them. */
export function publishing<Event extends DomainEvent>(
  catalog: EventCatalog,
  publish: (event: RecordedEvent<Event>) => readonly Publication[],
): Publishing {
  // The relay hands over only events that it has read through this catalog.
  return { catalog, publish: publish as Publishing['publish'] };
}

/** What a published fact of an event looks like on its way, given its place among the lanes. */
export function laneMessage(
  source: string,
  { lane, number }: { readonly lane: number; readonly number: bigint },
  event: RecordedEvent,
  publication: Publication,
): LaneMessage {
  return {
    source,
    lane,
    number,
    id: `${source}/${lane}/${number}`,
    key: event.organizationId,
    time: event.recordedAt,
    traceparent: event.envelope.traceparent,
    publication,
  };
}

export function catalogsOf(publishing: readonly Publishing[]): (type: string) => EventCatalog {
  return (type) => entryOf(publishing, type).catalog;
}

export function factsOf(publishing: readonly Publishing[], event: RecordedEvent): readonly Publication[] {
  const { catalog, publish: toFacts } = entryOf(publishing, event.type);
  return catalog.definitions[event.type]?.visibility === 'published' ? toFacts(event) : [];
}

function entryOf(publishing: readonly Publishing[], type: string): Publishing {
  const entry = publishing.find(({ catalog }) => Object.hasOwn(catalog.definitions, type));
  if (!entry) throw new Error(`The relay knows no event type ${type}: list it as published or private`);
  return entry;
}
