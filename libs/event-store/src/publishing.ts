import type { Fact, Publication } from '@vouchsafe/contracts';
import type { DomainEvent, EventCatalog } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from './recorded-event.js';

/** A published fact in one version of its contract, with its lane and number. */
export interface LaneMessage {
  /** The service that owns the lane. */
  readonly source: string;
  readonly lane: number;
  /** The fact's number, the same for all its versions: from 1, without gaps in a lane. */
  readonly number: bigint;
  /** The same each time it is sent: `<source>/<lane>/<number>`, and `.../v2` for a later version. */
  readonly id: string;
  /** Order is kept per key: the organization. */
  readonly key: string;
  readonly time: Date;
  readonly traceparent: string | undefined;
  readonly publication: Publication;
  /** Types of all versions in which the fact is sent, where there are several. */
  readonly versions?: readonly string[];
}

/**
 * A number whose fact was removed, or must not go out any more, with its organization (P31). It is not sent. Consumers find the gap, are
 * told by the source, and count on: a lane is shared by organizations.
 */
export interface RemovedFact extends Pick<LaneMessage, 'source' | 'lane' | 'number'> {
  readonly isRemoved: true;
}

export function isThere<Message extends LaneMessage>(fact: Message | RemovedFact): fact is Message {
  return !('isRemoved' in fact);
}

/** How the events of one kind of stream are published: `*.published.ts` as a function. */
export interface Publishing {
  readonly catalog: EventCatalog;
  /** Pure; the same event always gives the same facts, in the same order. */
  readonly publish: (event: RecordedEvent) => readonly Fact[];
}

/** Ties a stream's events to the facts that are published of them. */
export function publishing<Event extends DomainEvent>(
  catalog: EventCatalog,
  publish: (event: RecordedEvent<Event>) => readonly Fact[],
): Publishing {
  // The relay hands over only events that it has read through this catalog.
  return { catalog, publish: publish as Publishing['publish'] };
}

/** A fact's versions: at least one that is sent. */
export type Versions = readonly Publication[];

/** The versions of a fact that are sent; a retired one is derived only for consumers that fetch it. */
export function sentVersions(versions: Versions): Versions {
  return versions.length === 1 ? versions : versions.filter(({ contract }) => !contract.retired);
}

/** The messages of a published fact with this lane and number: one for each version. */
export function laneMessages(
  source: string,
  { lane, number }: { readonly lane: number; readonly number: bigint },
  event: RecordedEvent,
  versions: Versions,
): LaneMessage[] {
  const types = versions.length > 1 ? { versions: versions.map(({ contract }) => contract.type) } : {};
  return versions.map((publication) => ({
    source,
    lane,
    number,
    id: `${source}/${lane}/${number}${suffixOf(publication.contract.type)}`,
    key: event.organizationId,
    time: event.recordedAt,
    traceparent: event.envelope.traceparent,
    publication,
    ...types,
  }));
}

/** Each message has an id of its own (CloudEvents 1.0, `id`); the first version has the fact's id. */
function suffixOf(type: string): string {
  return type.endsWith('.v1') ? '' : `/${type.slice(type.lastIndexOf('.') + 1)}`;
}

export function catalogsOf(publishing: readonly Publishing[]): (type: string) => EventCatalog {
  return (type) => entryOf(publishing, type).catalog;
}

/** What is published of an event: each fact with its versions. */
export function factsOf(publishing: readonly Publishing[], event: RecordedEvent): readonly Versions[] {
  if (!isPublished(publishing, event.type)) return [];
  const facts = entryOf(publishing, event.type).publish(event);
  return facts.map((fact) => (isOneVersion(fact) ? soleVersion(fact) : sideBySide(fact)));
}

function isOneVersion(fact: Fact): fact is Publication {
  return 'contract' in fact;
}

function soleVersion(fact: Publication): Versions {
  if (fact.contract.retired)
    throw new Error(`${fact.contract.type} is retired, and no other version is published beside it`);
  return [fact];
}

function sideBySide(versions: Versions): Versions {
  const types = versions.map(({ contract }) => contract.type);
  const names = new Set(versions.map(({ contract }) => contract.name));
  if (names.size !== 1 || new Set(types).size !== types.length)
    throw new Error(`Not versions of one fact: ${types.join(', ')}`);
  if (versions.every(({ contract }) => contract.retired))
    throw new Error(`Every version of ${[...names].join()} is retired`);
  return versions;
}

export function isPublished(publishing: readonly Publishing[], type: string): boolean {
  return entryOf(publishing, type).catalog.definitions[type]?.visibility === 'published';
}

function entryOf(publishing: readonly Publishing[], type: string): Publishing {
  const entry = publishing.find(({ catalog }) => Object.hasOwn(catalog.definitions, type));
  if (!entry) throw new Error(`The relay does not know event type ${type}: list it as published or private`);
  return entry;
}
