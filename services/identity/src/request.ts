import type { OrganizationId, Rejected, UserId } from '@vouchsafe/event-sourcing';
import type { Envelope } from '@vouchsafe/event-store';
import { type Caller, problem, type ProblemCode } from '@vouchsafe/service-host';
import type { Identity } from './identity.js';

/** A person of an organization who calls. */
export interface Principal {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly sessionId: string;
}

/** The organization that the caller, a person or a key, belongs to. */
export function organizationOf({ organizationId }: Caller): OrganizationId {
  if (organizationId === null) throw problem('forbidden');
  // The gateway's token says so, and its ids are UUIDs by schema.
  return organizationId as OrganizationId;
}

/** For operations that concern a person: an API key has no password, no session and no consents. */
export function principalOf(caller: Caller): Principal {
  if (caller.actor.type !== 'user' || caller.sessionId === null) {
    throw problem('forbidden', { detail: 'This operation needs the session of a person' });
  }
  return {
    organizationId: organizationOf(caller),
    userId: caller.actor.id as UserId,
    sessionId: caller.sessionId,
  };
}

/** Who did it, when, under which request. Before somebody has logged in, the account acted for is the actor. */
export function envelopeOf(identity: Identity, caller: Caller, actor?: Envelope['actor']): Envelope {
  return {
    actor: actor ?? caller.actor,
    occurredAt: identity.now(),
    requestId: caller.requestId,
    ...(caller.traceparent === null ? {} : { traceparent: caller.traceparent }),
  };
}

export function asUser(userId: string): Envelope['actor'] {
  return { type: 'user', id: userId };
}

/** Minutes for which a proof of identity counts for sensitive operations (ASVS 7.5.1). */
export const STEP_UP_MINUTES = 10;

/** Sensitive operations ask for a recent proof; `POST /v1/me/step-up` gives one. */
export function assertRecentlyAuthenticated(identity: Identity, { authenticatedAt }: Caller): void {
  const age = authenticatedAt === null ? Infinity : identity.now().getTime() - Date.parse(authenticatedAt);
  if (age > STEP_UP_MINUTES * 60_000) throw problem('step-up-required');
}

/**
 * The result of a decision, or the problem that its rejection stands for. Thrown inside a unit of work, it rolls the unit
 * back whole.
 */
export function accepted<Result extends object, Reason extends string>(
  result: Result | { readonly rejected: Reason },
  problems: Readonly<Record<Reason, ProblemCode>>,
): Exclude<Result, Rejected> {
  if (!('rejected' in result)) return result as Exclude<Result, Rejected>;
  const { rejected } = result;
  throw problem(problems[rejected], { detail: rejected });
}
