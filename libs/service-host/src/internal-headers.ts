import { jsonValue } from '@vouchsafe/contracts';
import { z } from 'zod';

/**
 * Headers between the gateway and the services. The gateway removes every header with this prefix from clients' requests and from the
 * answers to them.
 */
export const INTERNAL_HEADER_PREFIX = 'vouchsafe-';

/** Request: the internal token. `Authorization` stays free for clients. */
export const INTERNAL_TOKEN_HEADER = 'vouchsafe-internal-token';

/** Answer: id of the entity operated on, where only the answer knows it (P23). */
export const ENTITY_HEADER = 'vouchsafe-entity-id';

/** Answer: the organization of a request without a caller (sign-up, the link of an email). */
export const ORGANIZATION_HEADER = 'vouchsafe-organization';

/**
 * Answer: the person who made a request without a caller. What the access log keeps of the request is sealed by that person's key, so
 * that an erasure reaches it (P10).
 */
export const PERSON_HEADER = 'vouchsafe-person';

/** Sets both headers, for a request that names neither. */
export function tellWhose(
  reply: { header(name: string, value: string): unknown },
  { organizationId, userId }: { readonly organizationId: string; readonly userId: string },
): void {
  reply.header(ORGANIZATION_HEADER, organizationId);
  reply.header(PERSON_HEADER, userId);
}

/**
 * Answer: what the service adds to the access-log entry, a JSON object of ids, entry locations and counts (nothing personal); for a read
 * of the audit log, which entries it showed.
 */
export const ENTRY_DETAILS_HEADER = 'vouchsafe-entry-details';

/** The locations of a full page of scattered entries need some 10 kB; the parser accepts 16 kB of headers in all. */
const MOST_DETAILS = 12_000;

/** Value of `ENTRY_DETAILS_HEADER`: JSON in ASCII, as header values are. */
export function entryDetails(details: object): string {
  return JSON.stringify(details).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The reverse of `entryDetails`; a service's mistake shows in the entry, and the answer is sent all the same. */
export function readEntryDetails(header: string): Record<string, z.core.util.JSONType> {
  // jsonb takes no NUL, and details hold none.
  if (header.length > MOST_DETAILS || header.includes('\\u0000')) return { unreadable: true };
  try {
    return detailsObject.parse(JSON.parse(header));
  } catch {
    return { unreadable: true };
  }
}

const detailsObject = z.record(z.string(), jsonValue);

/** Answer: `<session id>`, `<session id>; expires=<date>` after a log-in; the gateway makes the cookie of it. */
export const SESSION_HEADER = 'vouchsafe-session';

/** Answer: the caller's session has ended; the gateway removes the cookie. */
export const SESSION_ENDED_HEADER = 'vouchsafe-session-ended';
