import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import type { Envelope } from '@vouchsafe/event-store';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { keyPermissions, type Permission, type Requirement, permissions } from './permissions.js';
import { problem } from './problems.js';

/**
 * How sure we are of who calls: `none` (anonymous, services), `enrolment` (a session that may do nothing but enrol a
 * second factor or accept documents), `single-factor`, `two-factor`, `api-key`.
 */
export const authenticationLevels = ['none', 'enrolment', 'single-factor', 'two-factor', 'api-key'] as const;

/** Kinds of those who act. */
export const actorTypes = ['user', 'api-key', 'staff', 'service', 'anonymous'] as const;

/** What identity knows about a session or an API key; the gateway asks at every request. */
export const authenticated = z.strictObject({
  organizationId: z.uuid().nullable(),
  actor: z.strictObject({
    type: z.enum(actorTypes),
    /** A user's or key's UUID, a service's name, or `anonymous`. */
    id: z.string().min(1).max(100),
  }),
  roles: z.array(z.string().max(50)).max(20),
  permissions: z.array(z.enum(permissions)),
  authenticationLevel: z.enum(authenticationLevels),
  sessionId: z.string().max(100).nullable(),
  /** When the caller last proved who they are; what step-up looks at. */
  authenticatedAt: z.iso.datetime().nullable(),
  /** The grant under which staff sees this organization (P02). */
  staffGrantId: z.uuid().nullable(),
  /** The source of audit entries that an API key carries; sessions and services have none. */
  source: z.string().max(100).optional(),
  /** The organization has ended (P31); only its owners have permissions left. */
  organizationInactive: z.boolean().optional(),
});
export type Authenticated = z.infer<typeof authenticated>;

/** Who calls, as the internal token says it. `sourceIp` and `userAgent` are personal: never log them. */
export const caller = authenticated.extend({
  requestId: z.string().min(1).max(100),
  sourceIp: z.string().max(60).nullable(),
  userAgent: z.string().max(512).nullable(),
  /** The operation that the gateway let pass; a token for one operation opens no other. */
  operation: z.string().max(100).optional(),
});
export type Caller = z.infer<typeof caller> & {
  /** W3C trace context of the request, for the metadata of what it causes. */
  readonly traceparent: string | null;
};

export const anonymous: Authenticated = {
  organizationId: null,
  actor: { type: 'anonymous', id: 'anonymous' },
  roles: [],
  permissions: [],
  authenticationLevel: 'none',
  sessionId: null,
  authenticatedAt: null,
  staffGrantId: null,
};

/** `@Caller() caller: Caller` in a controller. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest()),
);

const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, value: Caller): void {
  callers.set(request, value);
}

export function callerOf(request: FastifyRequest): Caller {
  const found = callers.get(request);
  if (!found) throw new Error('The request has no caller: is the route outside the guard?');
  return found;
}

/** The organization that the caller, a person or a key, belongs to. @throws Problem `forbidden` where there is none */
export function organizationOf({ organizationId }: Authenticated): OrganizationId {
  if (organizationId === null)
    throw problem('forbidden', { detail: 'Only a member or an API key of an organization can do this' });
  // The gateway's token says so, and its ids are UUIDs by schema.
  return organizationId as OrganizationId;
}

/**
 * Who did it, when, and in which request: for the events of a request. Before a log-in is complete, the account that it is for is the
 * actor.
 */
export function envelopeOf(
  { requestId, traceparent, ...caller }: Caller,
  occurredAt: Date,
  actor: Envelope['actor'] = caller.actor,
): Envelope {
  return { actor, occurredAt, requestId, ...(traceparent === null ? {} : { traceparent }) };
}

/** Refuses a caller who lacks what the operation requires (P02, P11: checked at the gateway and in the service). */
export function assertAllowed(who: Authenticated, requirement: Requirement): void {
  if (requirement === 'public') return;
  if (who.actor.type === 'anonymous') throw problem('unauthenticated');
  if (requirement === 'service') {
    if (who.actor.type !== 'service') throw problem('forbidden', { detail: 'Only a service can do this' });
    return;
  }
  if (who.actor.type === 'service') throw problem('forbidden', { detail: 'A service cannot do this' });
  if (requirement === 'session') return;
  if (who.authenticationLevel === 'enrolment') throw problem('second-factor-required');
  assertActive(who, requirement);
  if (requirement !== 'self' && !who.permissions.includes(requirement))
    throw problem('forbidden', { detail: withoutPermission(who, requirement) });
}

/** P31: an owner of an inactive organization has what `inactivePermissions` leaves, everybody else nothing. */
function assertActive(
  { organizationInactive, permissions: held }: Authenticated,
  requirement: Exclude<Requirement, 'public' | 'session' | 'service'>,
): void {
  if (organizationInactive !== true) return;
  const allowed = requirement === 'self' ? held.length > 0 : held.includes(requirement);
  if (!allowed) throw problem('organization-inactive');
}

/** Names the missing permission. The API's document names it too, so this discloses nothing. */
function withoutPermission({ actor }: Authenticated, missing: Permission): string {
  if (actor.type !== 'api-key')
    return `This operation requires the permission ${missing}, which your role does not have`;
  const grantable: readonly Permission[] = keyPermissions;
  return grantable.includes(missing)
    ? `This operation requires the scope ${missing}. This API key does not have it, or the role of its creator no longer does`
    : `This operation requires the permission ${missing}, which an API key cannot have`;
}
