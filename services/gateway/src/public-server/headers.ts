import type { IncomingHttpHeaders } from 'node:http';
import {
  ENTITY_HEADER,
  ENTRY_DETAILS_HEADER,
  readEntryDetails,
  INTERNAL_HEADER_PREFIX,
  INTERNAL_TOKEN_HEADER,
  ORGANIZATION_HEADER,
  outgoingTrace,
  PERSON_HEADER,
  SESSION_ENDED_HEADER,
  SESSION_HEADER,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import type { Exchange } from '../access-log/exchange.js';

type Headers = Record<string, string | string[] | undefined>;

/** Never passed on: only the internal token says who calls and from where, and no service reads a cookie. */
const STRIPPED_FROM_REQUESTS = new Set([
  'authorization',
  'cookie',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'expect',
]);

/** The headers of a request as a service gets them. */
export function headersForService(
  headers: IncomingHttpHeaders,
  exchange: Pick<Exchange, 'method' | 'requestId' | 'traceparent'>,
  token: string,
): Headers {
  const kept = Object.entries(headers).filter(
    ([name]) => !STRIPPED_FROM_REQUESTS.has(name) && !name.startsWith(INTERNAL_HEADER_PREFIX),
  );
  const result: Headers = {
    ...Object.fromEntries(kept),
    [INTERNAL_TOKEN_HEADER]: token,
    'x-request-id': exchange.requestId,
    ...outgoingTrace(exchange.traceparent),
  };
  // A body of a GET has no meaning (RFC 9110 section 9.3.1) and is not passed on, so neither is its length.
  if (exchange.method === 'GET') {
    delete result['content-length'];
    delete result['content-type'];
  }
  return result;
}

/** Headers of a service's answer that are only for the gateway. */
export interface ServiceNotes {
  readonly session: string | null;
  readonly sessionEnded: boolean;
}

const STRIPPED_FROM_ANSWERS = new Set([
  'server',
  'x-powered-by',
  'x-request-id',
  'connection',
  'keep-alive',
  'date',
]);

/** The headers of an answer as the caller gets them; what was for the gateway goes into the exchange. */
export function headersForCaller(
  headers: Headers,
  exchange: Exchange,
): { headers: Headers; notes: ServiceNotes } {
  exchange.entityId = textOf(headers[ENTITY_HEADER])?.slice(0, 200) ?? null;
  exchange.organizationId = z.uuid().safeParse(headers[ORGANIZATION_HEADER]).data ?? null;
  exchange.personId = z.uuid().safeParse(headers[PERSON_HEADER]).data ?? null;
  const details = textOf(headers[ENTRY_DETAILS_HEADER]);
  exchange.details = details === undefined ? null : readEntryDetails(details);
  const kept = Object.entries(headers).filter(
    ([name]) => !STRIPPED_FROM_ANSWERS.has(name) && !name.startsWith(INTERNAL_HEADER_PREFIX),
  );
  return {
    headers: Object.fromEntries(kept),
    notes: {
      session: textOf(headers[SESSION_HEADER]) ?? null,
      sessionEnded: headers[SESSION_ENDED_HEADER] !== undefined,
    },
  };
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
