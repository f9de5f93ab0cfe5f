import { FIRST_SOURCE, ownNames } from '@vouchsafe/contracts';
import { type Caller, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { canonicalIp, type NewEntry, type Origin } from '../log/entry.js';
import { submittedDetails } from './details.js';
import { boundedInstant } from './instant.js';
import { ipAddress } from './ip-address.js';

/** Names of operations and types: closed sets of the sender's, nothing personal; searched as they stand. */
const token = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/,
    'must begin with a letter or a digit, and contain only those and . _ : / - (at most 100 characters)',
  );
const outsideId = z.string().min(1).max(500);

const exampleEntry = {
  id: 'order-1042-refunded',
  occurredAt: '2026-11-28T10:00:00.123Z',
  actor: { type: 'user', id: 'ada' },
  operation: 'order.refund',
  entity: { type: 'order', id: '1042' },
  outcome: 'success',
  sourceIp: '192.0.2.7',
  details: { amount: 1250, currency: 'EUR' },
};

/** An entry as an organization's own back end sends it. */
export const submittedEntry = z
  .strictObject({
    id: z
      .string()
      .min(1)
      .max(200)
      .describe('An id of your own, unique within the source: an entry that is sent twice is recorded once'),
    occurredAt: boundedInstant.describe(
      'When it happened: RFC 3339 with an offset, at most nine digits after the second',
    ),
    actor: z
      .strictObject({
        type: token.describe(
          'Kind of actor: `user`, or a kind of your own. `api-key`, `staff`, `service` and `anonymous` are reserved, in any spelling',
        ),
        id: outsideId.describe('Id of the actor; of a user of Vouchsafe, their user id'),
      })
      .describe('Who did it'),
    operation: token.describe(
      `What was done, \`<entity>.<verb>\`. These first words are reserved, in any letter case: ${ownNames.join(', ')}`,
    ),
    entity: z
      .strictObject({
        type: token.describe('Kind of entity'),
        id: outsideId.describe('Id of the entity among its kind'),
      })
      .nullish()
      .describe('What it was done to'),
    outcome: z.enum(['success', 'denied', 'failure']).describe('How it ended'),
    sourceIp: ipAddress.nullish().describe('IP address that the request came from'),
    url: z.string().min(1).max(8192).nullish().describe('URL of the request, without secrets'),
    userAgent: z.string().min(1).max(1024).nullish().describe('User-Agent header of the request'),
    requestId: z.string().min(1).max(200).nullish().describe('Your own id of the request'),
    details: submittedDetails.default({}),
  })
  .meta({ id: 'NewAuditEntry', examples: [exampleEntry] });
export type SubmittedEntry = z.output<typeof submittedEntry>;

export const submission = z
  .strictObject({ entries: z.array(submittedEntry).min(1).max(1000) })
  .meta({ examples: [{ entries: [exampleEntry] }] });

/**
 * What a sender says is from outside: ids and details become digests. The person concerned is the actor, where that is
 * one of our users: then the user's key seals what is disclosed, and an erasure reaches it.
 */
export function entryOfSubmission(organizationId: string, origin: Origin, sent: SubmittedEntry): NewEntry {
  return {
    organizationId,
    ...origin,
    id: sent.id,
    occurredAt: sent.occurredAt,
    actor: sent.actor,
    operation: sent.operation,
    entity: sent.entity ?? null,
    outcome: sent.outcome,
    sourceIp: sent.sourceIp == null ? null : (canonicalIp(sent.sourceIp) ?? null),
    url: sent.url ?? null,
    userAgent: sent.userAgent ?? null,
    requestId: sent.requestId ?? null,
    details: sent.details,
    clear: new Set(),
    subject: userIn(sent.actor),
  };
}

/** The user whom an actor names, in whatever spelling of type and UUID (RFC 9562 section 4): an erasure must reach all of them. */
function userIn({ type, id }: SubmittedEntry['actor']): string | null {
  if (type.toLowerCase() !== 'user') return null;
  const bare = /^(?:urn:uuid:)?([0-9a-f-]{36})$|^\{([0-9a-f-]{36})\}$/i
    .exec(id)
    ?.slice(1)
    .find(Boolean)
    ?.toLowerCase();
  return bare !== undefined && z.uuid().safeParse(bare).success ? bare : null;
}

/**
 * Who hands entries in, as the gateway's token says it. A key carries the source of its entries; the sessions of one person share
 * one, whose form no key's name has, so that a retry is known after the next log-in.
 */
export function originOf({ actor, sessionId, source }: Caller): Origin {
  if (actor.type === 'api-key') {
    const submitter = { type: 'api-key', id: actor.id } as const;
    // A gateway or identity of the release before says none: its keys all had this one.
    return { provenance: 'asserted', submitter, source: source ?? FIRST_SOURCE };
  }
  if (sessionId === null)
    throw problem('forbidden', { detail: 'Audit entries are recorded with an API key or in a session' });
  return {
    provenance: 'asserted',
    submitter: { type: 'session', id: sessionId },
    source: `${actor.type}:${actor.id}`,
  };
}
