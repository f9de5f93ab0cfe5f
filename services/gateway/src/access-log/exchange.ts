/** @promise P23 what an entry says of a request */
import type { FastifyRequest } from 'fastify';
import { anonymous, type Authenticated, traceIdOf } from '@vouchsafe/service-host';
import type { Route } from '../routes/route-index.js';
import type { Entry } from './access-log.events.js';
import type { Located } from './batch.js';
import { cut, type CutLengths } from './cut.js';
import { maskedId } from './masked-url.js';

/** What the gateway learns of one request on its way through; the access-log entry is made of it. */
export interface Exchange {
  readonly requestId: string;
  readonly traceparent: string;
  readonly receivedAt: Date;
  readonly method: string;
  /** With query values masked; its beginning, where it is very long. */
  readonly url: string;
  readonly sourceIp: string;
  /** Its beginning, where it is very long. */
  readonly userAgent: string | null;
  readonly lengths: CutLengths;
  /** Null until, or unless, the path is one that we know. */
  route: Pick<Route, 'path' | 'operation' | 'entity' | 'effect' | 'stream' | 'log'> | null;
  params: Readonly<Record<string, string>>;
  caller: Authenticated;
  /** The organization that the answer names, where no caller does. */
  organizationId: string | null;
  /** The person whom the answer names, where no caller does. */
  personId: string | null;
  /** The entity that only the answer knows. */
  entityId: string | null;
  /** What the answering service adds to the entry. */
  details: Entry['details'] | null;
  /** Whether an entry was made before the request was passed on. */
  openEntry: 'none' | 'ends';
  passedOn: 'no' | 'waiting' | 'answered' | 'not-reached' | 'lost';
  /** An outcome is being written, or is. */
  concluded: boolean;
}

const exchanges = new WeakMap<FastifyRequest, Exchange>();

export function exchangeOf(request: FastifyRequest): Exchange {
  const exchange = exchanges.get(request);
  if (!exchange) throw new Error('The request has no exchange: its onRequest hook did not run');
  return exchange;
}

export function beginExchange(
  request: FastifyRequest,
  facts: Pick<Exchange, 'requestId' | 'traceparent' | 'receivedAt' | 'url' | 'sourceIp'>,
): Exchange {
  const exchange: Exchange = {
    ...facts,
    ...cut(facts.url, request.headers['user-agent']),
    method: request.method,
    route: null,
    params: {},
    caller: anonymous,
    organizationId: null,
    personId: null,
    entityId: null,
    details: null,
    openEntry: 'none',
    passedOn: 'no',
    concluded: false,
  };
  exchanges.set(request, exchange);
  return exchange;
}

export interface Conclusion {
  readonly status: number | null;
  readonly outcome: Entry['outcome'];
  readonly part: Entry['part'];
  readonly bytes: number | null;
}

/** The entry of an exchange, as far as it is known (P23). */
export function entryOf(
  exchange: Exchange,
  { status, outcome, part, bytes }: Conclusion,
  {
    instanceId,
    operatorOrganizationId,
    at,
  }: { instanceId: string; operatorOrganizationId: string; at: Date },
): Located {
  const { caller, route, requestId, traceparent } = exchange;
  const person = caller.actor.type === 'user' || caller.actor.type === 'staff';
  return {
    organizationId:
      (route?.log === 'operator' ? null : (caller.organizationId ?? exchange.organizationId)) ??
      operatorOrganizationId,
    entry: {
      requestId,
      instanceId,
      actor: caller.actor,
      userId: person ? caller.actor.id : caller.actor.type === 'anonymous' ? exchange.personId : null,
      sessionId: caller.sessionId,
      staffGrantId: caller.staffGrantId,
      method: exchange.method,
      url: exchange.url,
      route: route?.path ?? null,
      operation: route?.operation ?? 'unknown',
      entity: route ? { type: route.entity.type, id: entityIdOf(exchange) } : null,
      outcome,
      status,
      part,
      bytes,
      sourceIp: exchange.sourceIp,
      userAgent: exchange.userAgent,
      receivedAt: exchange.receivedAt.toISOString(),
      occurredAt: at.toISOString(),
      traceId: traceIdOf(traceparent),
      ...detailsOf(exchange),
    },
    envelope: { actor: caller.actor, occurredAt: at, requestId, traceparent },
  };
}

function detailsOf({ details, lengths }: Exchange): Pick<Entry, 'details'> {
  const all = { ...details, ...lengths };
  return Object.keys(all).length > 0 ? { details: all } : {};
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Where the operation's declaration says that the id stands. */
function entityIdOf({ route, params, caller, entityId }: Exchange): string | null {
  const [place, name = ''] = (route?.entity.id ?? '').split('.');
  switch (place) {
    case 'path': {
      const id = params[name];
      // A UUID has one spelling in the log, whichever way it was asked for (RFC 9562, section 4).
      return id === undefined ? null : UUID.test(id) ? id.toLowerCase() : maskedId(id);
    }
    case 'response':
      return entityId;
    case 'caller':
      return (
        { organizationId: caller.organizationId, actorId: caller.actor.id, sessionId: caller.sessionId }[
          name
        ] ?? null
      );
    default:
      return null;
  }
}

/** The outcome by the answer's status; `unknown` where the request was passed on and its end was not observed. */
export function outcomeOf({ route, passedOn }: Exchange, status: number): Entry['outcome'] {
  if (passedOn === 'lost' && route?.effect === 'write') return 'unknown';
  if (status < 400) return 'success';
  return status === 401 || status === 403 || status === 429 ? 'denied' : 'failure';
}
