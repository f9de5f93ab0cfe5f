import { FIRST_SOURCE } from '@vouchsafe/contracts';
import type { NewEntry } from './entry.js';
import type { SearchKeys } from './search-keys.js';

/** A client's own id of an entry, and what it said under it, as keyed hashes. */
export interface Submission {
  readonly idKey: string;
  /** Of all that the client said: an id that comes again with something else is refused. */
  readonly contentKey: string;
  /** The same as a leaf of version 1 has it, which cut the time of an entry to the millisecond. */
  readonly firstContentKey: () => string;
}

export function submissionOf(entry: NewEntry, keys: SearchKeys): Submission | null {
  if (entry.id === null) return null;
  const {
    id,
    source,
    actor,
    operation,
    entity: on,
    outcome,
    sourceIp,
    url,
    userAgent,
    requestId,
    details,
  } = entry;
  const said = { id, source, actor, operation, on, outcome, sourceIp, url, userAgent, requestId, details };
  return {
    idKey: idKeyOf(entry.source, entry.id, keys),
    contentKey: keys('content', { ...said, occurredAt: entry.occurredAt }),
    firstContentKey: () => keys('content', { ...said, occurredAt: new Date(entry.occurredAt).toISOString() }),
  };
}

/** Ids are unique within their source. Those of the time when there was one source only stay known as they are. */
export function idKeyOf(source: string, id: string, keys: SearchKeys): string {
  return source === FIRST_SOURCE ? keys('id', id) : keys('source-id', [source, id]);
}
