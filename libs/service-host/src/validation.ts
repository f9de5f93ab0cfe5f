import { StandardSchemaValidationPipe } from '@nestjs/common';
import { problem } from './problems.js';

/** Checks bodies, queries and paths against the zod schema in the route's decorator; answers where they do not fit. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) =>
      problem('invalid-request', {
        errors: issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
          pointer: `/${(path ?? []).map((step) => (typeof step === 'object' ? step.key : step).toString()).join('/')}`,
          // Zod's messages name what was expected; they may repeat an unknown field's name, never a value.
          detail: message,
        })),
      }),
  });
}

const MAX_ISSUES = 20;
const MAX_DEPTH = 64;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A JSON body, strictly: valid UTF-8, no NUL and no half surrogates (Postgres stores neither), bounded depth, and no key
 * that reaches for prototypes.
 */
export function parseJson(body: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    throw problem('malformed-request', { detail: 'The body is not JSON in UTF-8' });
  }
  assertStorable(value);
  return value;
}

function assertStorable(root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw problem('malformed-request', { detail: 'The body is nested too deeply' });
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') assertText(value);
      else if (Array.isArray(value)) for (const item of value) next.push(item);
      else if (typeof value === 'object' && value !== null) {
        for (const [key, item] of Object.entries(value)) {
          if (key === '__proto__')
            throw problem('malformed-request', { detail: 'A field may not be named so' });
          assertText(key);
          next.push(item);
        }
      }
    }
    level = next;
  }
}

function assertText(text: string): void {
  if (text.includes('\0') || !text.isWellFormed()) {
    throw problem('malformed-request', { detail: 'A text holds a NUL or half a surrogate pair' });
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
