import { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

/**
 * Replaces zod's messages by ours: each is a predicate that follows the name of its field, as in `/name must not be empty`. A schema's
 * own message takes precedence. Messages name what is expected, and unknown fields, but never a value that was sent: it may be a secret.
 */
export function useOurSentences(): void {
  z.config({ customError: sentenceOf });
}

function sentenceOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? MISSING : ofType(issue.expected);
    case 'invalid_value':
      return issue.input === undefined ? MISSING : oneOf(issue.values);
    case 'too_small':
    case 'too_big':
      return ofSize(issue);
    case 'invalid_format':
      return ofFormat(issue);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `has ${issue.keys.length === 1 ? 'an unknown field' : 'unknown fields'}: ${listed(issue.keys)}`;
    case 'invalid_union':
      return ofUnion(issue);
    case 'invalid_key':
      return 'has a field whose name is not allowed';
    case 'invalid_element':
      return 'contains a value that is not allowed';
    case 'custom':
      return 'is not valid';
    default:
      return issue satisfies never;
  }
}

const MISSING = 'is missing';

function ofType(expected: string): string {
  const named = typeNames.get(expected);
  return named === undefined ? 'has the wrong type' : `must be ${named}`;
}

const typeNames: ReadonlyMap<string, string> = new Map([
  ['string', 'a string'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['null', 'null'],
  ['object', 'an object'],
  ['record', 'an object'],
  ['array', 'a list'],
  ['tuple', 'a list'],
]);

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? `must be ${listed(values)}` : `must be one of ${listed(values)}`;
}

function listed(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ');
}

type Size = Extract<Issue, { readonly code: 'too_small' | 'too_big' }>;

function ofSize(issue: Size): string {
  const isLeast = issue.code === 'too_small';
  const bound = isLeast ? issue.minimum : issue.maximum;
  const unit = units.get(issue.origin);
  if (unit === undefined) {
    if (issue.inclusive === false) return `must be ${isLeast ? 'greater' : 'less'} than ${bound}`;
    return `must be at ${isLeast ? 'least' : 'most'} ${bound}`;
  }
  if (isLeast && Number(bound) === 1 && issue.exact !== true) return 'must not be empty';
  const limit = issue.exact === true ? 'exactly' : isLeast ? 'at least' : 'at most';
  return `must have ${limit} ${bound} ${unit}${Number(bound) === 1 ? '' : 's'}`;
}

/** The unit in which the size of a value is counted; numbers and dates are compared instead. */
const units: ReadonlyMap<string, string> = new Map([
  ['string', 'character'],
  ['array', 'item'],
  ['set', 'item'],
  ['map', 'item'],
]);

function ofFormat(issue: Extract<Issue, { readonly code: 'invalid_format' }>): string {
  const { format, prefix, suffix, includes } = issue as { format: string } & Record<string, unknown>;
  if (format === 'starts_with') return `must begin with ${listed([prefix])}`;
  if (format === 'ends_with') return `must end with ${listed([suffix])}`;
  if (format === 'includes') return `must contain ${listed([includes])}`;
  const named = formatNames.get(format);
  return named === undefined ? 'does not have the required form' : `must be ${named}`;
}

const formatNames: ReadonlyMap<string, string> = new Map([
  ['datetime', 'a date and time with an offset (RFC 3339), as in 2026-11-28T10:00:00Z'],
  ['date', 'a date, as in 2026-11-28'],
  ['uuid', 'a UUID'],
  ['email', 'an email address'],
  ['url', 'a URL'],
  ['ipv4', 'an IPv4 address'],
  ['ipv6', 'an IPv6 address'],
  ['base64', 'base64'],
  ['base64url', 'base64url'],
]);

function ofUnion(issue: Extract<Issue, { readonly code: 'invalid_union' }>): string {
  if (issue.input === undefined) return MISSING;
  const { options } = issue as { options?: unknown };
  return Array.isArray(options) && options.length > 0
    ? oneOf(options)
    : 'does not fit any of the forms that are allowed here';
}
