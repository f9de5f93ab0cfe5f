/** @promise P28 takes what fits a strict schema and nothing else */
import type { IncomingHttpHeaders } from 'node:http';
import { type ArgumentMetadata, Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { readIJson } from './i-json.js';
import { pointerOf } from './json-pointer.js';
import { problem } from './problems.js';

type Schema = NonNullable<ArgumentMetadata['schema']>;
type Issue = NonNullable<Awaited<ReturnType<Schema['~standard']['validate']>>['issues']>[number];

const MAX_ISSUES = 20;
const LONGEST_DETAIL = 300;

/** Checks bodies, queries and paths against the zod schema in the route's decorator; answers where they do not fit. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new ExactValidationPipe({
    exceptionFactory: (issues) =>
      problem('invalid-request', {
        errors: issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
          pointer: pointerOf((path ?? []).map((step) => (typeof step === 'object' ? step.key : step))),
          // Zod's messages name what was expected; they may repeat an unknown field's name, never a value.
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

  protected override async validate<T = unknown>(value: unknown, schema: Schema) {
    const result = await super.validate<T>(value, schema);
    return result.issues ? { issues: result.issues.map((issue) => plainly(issue, value)) } : result;
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

const wanted: ReadonlyMap<string, string> = new Map([
  ['string', 'must be a string'],
  ['number', 'must be a number'],
  ['int', 'must be a whole number'],
  ['boolean', 'must be true or false'],
  ['object', 'must be an object'],
  ['record', 'must be an object'],
  ['array', 'must be a list'],
]);

/** What zod says of a missing field, or of one of another type, in the words of whoever sent it. */
function plainly(issue: Issue, value: unknown): Issue {
  const { code, expected, values } = issue as { code?: string; expected?: string; values?: unknown[] };
  // A schema's own message says more.
  if (!/^Invalid (?:input|option): expected /.test(issue.message)) return issue;
  if (isMissing(issue.path ?? [], value)) return { ...issue, message: 'is missing' };
  const message = code === 'invalid_value' ? oneOf(values ?? []) : wanted.get(expected ?? '');
  return message === undefined ? issue : { ...issue, message };
}

function oneOf(values: readonly unknown[]): string {
  const shown = values.map((value) => JSON.stringify(value)).join(', ');
  return values.length === 1 ? `must be ${shown}` : `must be one of ${shown}`;
}

function isMissing(path: NonNullable<Issue['path']>, value: unknown): boolean {
  let at = value;
  for (const step of path) {
    const key = typeof step === 'object' ? step.key : step;
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return true;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at === undefined;
}

function bounded(message: string): string {
  return message.length <= LONGEST_DETAIL ? message : `${firstOf(message, LONGEST_DETAIL)}…`;
}

/**
 * A JSON body, exactly as it was sent (`readIJson`).
 * @throws Problem `malformed-request` for what is no JSON, `invalid-request` with the place of what would be changed
 */
export function parseJson(body: Uint8Array): unknown {
  const read = readIJson(body);
  if (read.status === 'read') return read.value;
  if (read.status === 'malformed') throw problem('malformed-request', { detail: read.detail });
  throw problem('invalid-request', { errors: [{ pointer: read.pointer, detail: read.detail }] });
}

/**
 * Refuses a body that says of itself that it is something else than plain UTF-8: read as UTF-8 all the same, it could become another
 * text without anybody's notice.
 */
export function assertPlainUtf8(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw problem('unsupported-media-type', { detail: 'A body is sent without a content encoding' });
  for (const [, charset] of (headers['content-type'] ?? '').matchAll(/;\s*charset\s*=\s*"?([^";\s]*)/gi)) {
    if (!/^utf-?8$/i.test(charset ?? ''))
      throw problem('unsupported-media-type', { detail: 'JSON is sent in UTF-8' });
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
  if (decoded.includes('\0')) throw problem('malformed-request', { detail: 'The URL holds a NUL' });
}

/** The first `most` UTF-16 code units of a text; one fewer where the last would be half of a surrogate pair. */
export function firstOf(text: string, most: number): string {
  if (text.length <= most) return text;
  const start = text.slice(0, most);
  return /[\ud800-\udbff]$/.test(start) ? start.slice(0, -1) : start;
}
