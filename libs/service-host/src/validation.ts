/**
 * @promise P28 accepts only input that matches a strict schema
 * @promise P17 refuses card numbers in bodies, URLs and what of headers is kept
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type ArgumentMetadata, Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { cardNumbersInUrl } from './card-number/card-numbers-in-url.js';
import { holdsCardNumber } from './card-number/find-card-number.js';
import { readIJson } from './i-json.js';
import { ENTRY_DETAILS_HEADER, entryDetails } from './internal-headers.js';
import { useOurSentences } from './issue-sentences.js';
import { pointerOf } from './json-pointer.js';
import { problem, type ProblemError } from './problems.js';

const MAX_ISSUES = 20;
const LONGEST_DETAIL = 300;

/** Checks bodies, queries and paths against the zod schema in the route's decorator; the answer says where they do not match. */
export function validationPipe(): StandardSchemaValidationPipe {
  useOurSentences();
  return new ExactValidationPipe({
    exceptionFactory: (issues) =>
      problem('invalid-request', {
        errors: issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
          pointer: pointerOf((path ?? []).map((step) => (typeof step === 'object' ? step.key : step))),
          // They may repeat an unknown field's name.
          detail: bounded(message),
        })),
      }),
  });
}

/**
 * Nest's pipe deletes every member called `__proto__`, `prototype` or `constructor` before a schema sees it. Here the schema
 * does: what it does not know is refused, and free JSON is kept as it came.
 */
@Injectable()
class ExactValidationPipe extends StandardSchemaValidationPipe {
  protected override stripProtoKeys(): void {
    // What was sent stays as it is.
  }

  override transform<T>(value: T, metadata: ArgumentMetadata) {
    if (metadata.type === 'query') assertOnce(value);
    return super.transform(value, metadata);
  }
}

/** Fastify makes a list of a query field that stands twice; none of ours is one. */
function assertOnce(query: unknown): void {
  const twice = Object.entries(query ?? {}).filter(([, value]) => Array.isArray(value));
  if (twice.length === 0) return;
  const errors = twice.slice(0, MAX_ISSUES).map(([name]) => ({
    ...{ pointer: pointerOf([name]), detail: 'is given more than once' },
  }));
  throw problem('invalid-request', { errors });
}

function bounded(message: string): string {
  return message.length <= LONGEST_DETAIL ? message : `${firstOf(message, LONGEST_DETAIL)}…`;
}

/**
 * A JSON body, exactly as it was sent (`readIJson`).
 * @throws Problem `malformed-request` for what is not JSON, `card-number`, `invalid-request` with a pointer to a value that would be changed
 */
export function parseJson(body: Uint8Array): unknown {
  const read = readIJson(body);
  if (read.status === 'read') return read.value;
  if (read.status === 'card-number') throw cardNumberProblem(read.pointers);
  if (read.status === 'malformed') throw problem('malformed-request', { detail: read.detail });
  throw problem('invalid-request', { errors: [{ pointer: read.pointer, detail: read.detail }] });
}

/**
 * Refuses a body that is declared as anything but plain UTF-8: read as UTF-8, it could silently become another text.
 */
export function assertPlainUtf8(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw problem('unsupported-media-type', { detail: 'The body must be sent without a content encoding' });
  for (const [, charset] of (headers['content-type'] ?? '').matchAll(/;\s*charset\s*=\s*"?([^";\s]*)/gi)) {
    if (!/^utf-?8$/i.test(charset ?? ''))
      throw problem('unsupported-media-type', { detail: 'JSON must be sent in UTF-8' });
  }
}

/** A request target whose escapes do not decode to UTF-8 text, or hide a NUL, never reaches a route. */
export function assertWellFormedUrl(url: string): void {
  let decoded: string;
  try {
    decoded = decodeURIComponent(url);
  } catch {
    throw problem('malformed-request', { detail: 'The URL is not well-formed' });
  }
  if (decoded.includes('\0'))
    throw problem('malformed-request', { detail: 'The URL contains a NUL character' });
}

/** P17: a card number is refused before anything keeps or logs it. @throws Problem `card-number` */
export function assertNoCardNumber(url: string, { 'idempotency-key': key }: IncomingHttpHeaders): void {
  const inKey = typeof key === 'string' && holdsCardNumber(key) ? ['header.Idempotency-Key'] : [];
  const pointers = [...cardNumbersInUrl(url), ...inKey];
  if (pointers.length > 0) throw cardNumberProblem(pointers);
}

/** The access log says why the request was refused, and not what it held. */
function cardNumberProblem(pointers: readonly string[]): ProblemError {
  return problem('card-number', {
    errors: pointers
      .slice(0, MAX_ISSUES)
      .map((pointer) => ({ pointer, detail: 'holds what looks like the number of a payment card' })),
    headers: { [ENTRY_DETAILS_HEADER]: entryDetails({ refused: 'card-number' }) },
  });
}

/** The first `most` UTF-16 code units of a text; one fewer where the last would be half of a surrogate pair. */
export function firstOf(text: string, most: number): string {
  if (text.length <= most) return text;
  const start = text.slice(0, most);
  return /[\ud800-\udbff]$/.test(start) ? start.slice(0, -1) : start;
}
