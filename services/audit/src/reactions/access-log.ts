/** @promise P23 records each entry in its organization's log */
import type { DataOf, gatewayFacts } from '@vouchsafe/contracts';
import { isErased, type Personal } from '@vouchsafe/event-sourcing';
import { type NewEntry, observedBy, type DottedPath } from '../log/entry.js';
import { instantIn } from '../log/instant.js';
import { isUuid } from './uuid.js';

type RequestHandled = DataOf<typeof gatewayFacts.requestHandled>;

/** One request of the access log as one leaf (P23). */
export function entryOfRequest(request: RequestHandled): NewEntry {
  const details = {
    method: request.method,
    ...(request.route === null ? {} : { route: request.route }),
    ...(request.status === null ? {} : { status: request.status }),
    ...(request.part === 'whole' ? {} : { part: request.part }),
    ...(request.bytes === null ? {} : { bytes: request.bytes }),
    // The caller was not authenticated, and the answer knew whose request it was: a correct password, the link of an email.
    ...(request.userId === null || request.userId === request.actor.id ? {} : { userId: request.userId }),
    ...(request.sessionId === null ? {} : { sessionId: request.sessionId }),
    ...(request.staffGrantId === null ? {} : { staffGrantId: request.staffGrantId }),
    receivedAt: request.receivedAt,
    traceId: request.traceId,
    // The gateway's entries are numbered without gaps: who misses one can tell.
    instanceId: request.instanceId,
    sequence: request.sequence,
    ...request.details,
  };
  return {
    organizationId: request.organizationId,
    ...observedBy('gateway'),
    id: null,
    occurredAt: instantIn(request.occurredAt),
    actor: request.actor,
    operation: request.operation,
    entity: request.entity,
    outcome: request.outcome,
    sourceIp: known(request.sourceIp),
    url: known(request.url),
    userAgent: known(request.userAgent),
    requestId: request.requestId,
    details,
    // An entity's id stands in the path, and what stands there is the caller's: only our own ids' form is random.
    clear: inClear(isOwnId(request.actor), request.entity?.id != null && isUuid(request.entity.id)),
    subject: request.userId,
  };
}

/** The gateway's schema says it: ids, times and closed values, but no url, address or agent. */
function inClear(actor: boolean, entity: boolean): ReadonlySet<DottedPath> {
  if (actor) return entity ? allIds : withActor;
  return entity ? withEntity : neither;
}

const neither: ReadonlySet<DottedPath> = new Set<DottedPath>(['requestId', 'details']);
const withActor: ReadonlySet<DottedPath> = new Set<DottedPath>([...neither, 'actor.id']);
const withEntity: ReadonlySet<DottedPath> = new Set<DottedPath>([...neither, 'entity.id']);
const allIds: ReadonlySet<DottedPath> = new Set<DottedPath>([...withActor, 'entity.id']);

/** Ids of users, keys and staff are random; services and anonymous callers have names. */
export function isOwnId({ type, id }: { readonly type: string; readonly id: string }): boolean {
  return isUuid(id) || type === 'service' || type === 'anonymous';
}

/** What the receiver's vault has left of a personal value. */
function known(value: Personal<string> | null): string | null {
  return isErased(value) ? null : value;
}
