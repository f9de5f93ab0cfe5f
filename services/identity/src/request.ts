import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { Envelope } from '@vouchsafe/event-store';
import { type Caller, organizationOf, problem } from '@vouchsafe/service-host';

/** A person of an organization who calls. */
export interface Principal {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly sessionId: string;
}

/** For operations that concern a person: an API key has no password, no session and no consents. */
export function principalOf(caller: Caller): Principal {
  if (caller.actor.type !== 'user' || caller.sessionId === null) {
    throw problem('forbidden', { detail: 'This operation requires a session; an API key cannot do this' });
  }
  return {
    organizationId: organizationOf(caller),
    userId: caller.actor.id as UserId,
    sessionId: caller.sessionId,
  };
}

export function asUser(userId: string): Envelope['actor'] {
  return { type: 'user', id: userId };
}
