import type { Rejected } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/**
 * Every problem that any operation can answer with (RFC 9457): a closed set, so that a caller can switch over `code`.
 * A new one is added here and nowhere else.
 */
export const problems = {
  'malformed-request': { status: 400, title: 'The request is not well-formed' },
  'invalid-request': { status: 400, title: 'The request does not match its schema' },
  'card-number': {
    status: 400,
    title: 'The request holds what looks like the number of a payment card; send it to Stripe only',
  },
  unauthenticated: { status: 401, title: 'Log in, or send a valid API key' },
  'wrong-credentials': { status: 401, title: 'The credentials are wrong' },
  forbidden: { status: 403, title: 'You do not have permission for this operation' },
  'second-factor-required': { status: 403, title: 'Log in with a second factor first' },
  'step-up-required': { status: 403, title: 'Confirm your identity again to do this' },
  'organization-inactive': {
    status: 403,
    title: 'The organization is inactive; its owners can log in to take its data with them or to come back',
  },
  'consent-required': { status: 403, title: 'Accept the current legal documents first' },
  'cross-site-request': { status: 403, title: 'A request with a cookie must come from an allowed site' },
  'not-found': { status: 404, title: 'Not found, or not visible to you' },
  'method-not-allowed': { status: 405, title: 'This path does not support this method' },
  'not-acceptable': { status: 406, title: 'None of the accepted media types can be produced' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  conflict: { status: 409, title: 'The current state of the resource does not allow this' },
  'concurrent-change': {
    status: 409,
    title: 'The resource was changed by another request at the same time; try again',
  },
  'idempotency-key-reused': { status: 409, title: 'This Idempotency-Key was used with a different request' },
  gone: { status: 410, title: 'This has expired or has already been used' },
  'precondition-failed': { status: 412, title: 'The resource has changed since you read it' },
  'content-too-large': { status: 413, title: 'The request is too large' },
  'url-too-long': { status: 414, title: 'The URL is too long' },
  'unsupported-media-type': { status: 415, title: 'This operation does not support this content type' },
  'range-not-satisfiable': { status: 416, title: 'The file has no such bytes' },
  rejected: { status: 422, title: 'The request is understood but cannot be carried out' },
  'precondition-required': { status: 428, title: 'Send If-Match with the ETag that you read' },
  'too-many-requests': { status: 429, title: 'Too many requests; wait and try again' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'Something failed on our side; quote the request id to support' },
  'upstream-failed': { status: 502, title: 'An internal service failed' },
  unavailable: { status: 503, title: 'The service is unavailable; nothing was executed' },
  'outcome-unknown': {
    status: 503,
    title: 'The operation may have been executed, but its outcome could not be recorded',
  },
  'timed-out': { status: 504, title: 'An internal service did not respond in time' },
  'storage-full': { status: 507, title: 'There is no room left to store this; nothing was stored' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

const problemPlace = z
  .strictObject({
    pointer: z.string().describe('JSON pointer (RFC 6901) into the body, query or path, or `header.<name>`'),
    detail: z.string().describe('What is wrong there'),
  })
  .meta({ id: 'ProblemPlace' });

/** What a caller sees: media type `application/problem+json`. `type` is `urn:vouchsafe:problem:<code>`. */
export const problemDocument = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string().optional().describe('Why it occurred this time, for people to read'),
  reason: z
    .string()
    .optional()
    .describe('Why the operation was rejected, for programs: a name, where the code alone does not say'),
  requestId: z.string().nullable().describe('Identifies the request in the access log'),
  errors: z.array(problemPlace).optional().describe('Where the request does not match its schema'),
});
export type ProblemDocument = z.infer<typeof problemDocument>;

export interface ProblemOptions {
  /** Why the problem occurred this time, for the caller to read; nothing personal and nothing secret. */
  readonly detail?: string;
  /** Why it occurred, for programs. */
  readonly reason?: string;
  readonly errors?: ProblemDocument['errors'];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Carries a problem out of a controller to the exception filter. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: ProblemCode,
    private readonly options: ProblemOptions = {},
  ) {
    super(`${code}: ${options.detail ?? problems[code].title}`, { cause: options.cause });
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return problems[this.code].status;
  }

  document(requestId: string | null): ProblemDocument {
    const { detail, reason, errors } = this.options;
    return {
      type: `urn:vouchsafe:problem:${this.code}`,
      ...problems[this.code],
      code: this.code,
      ...(detail === undefined ? {} : { detail }),
      ...(reason === undefined ? {} : { reason }),
      requestId,
      ...(errors === undefined ? {} : { errors }),
    };
  }
}

/** `throw problem('not-found')` */
export function problem(code: ProblemCode, options: ProblemOptions = {}): ProblemError {
  return new ProblemError(code, options);
}

/** Beyond a limit that holds until `ends`: the caller hears in how many seconds to try again. */
export function tooManyUntil(ends: Date, at: Date, detail?: string): ProblemError {
  const seconds = Math.max(Math.ceil((ends.getTime() - at.getTime()) / 1000), 1);
  return problem('too-many-requests', {
    ...(detail === undefined ? {} : { detail }),
    headers: { 'retry-after': String(seconds) },
  });
}

/** How a rejection is answered: the problem's code, a sentence for the caller that says why, and where in the body, if it is about one place. */
export type RejectionProblem = readonly [code: ProblemCode, detail: string, pointer?: string];

/** The result of a use case. @throws the problem of its rejection; the compiler checks that every rejection has one */
export function accepted<Result extends object | null, Reason extends string>(
  result: Result | { readonly rejected: Reason },
  problemOf: Readonly<Record<Reason, RejectionProblem>>,
): Exclude<Result, Rejected> {
  if (result === null || !('rejected' in result)) return result as Exclude<Result, Rejected>;
  const { rejected: reason } = result;
  const [code, detail, pointer] = problemOf[reason];
  throw problem(code, {
    ...(pointer === undefined ? { detail } : { errors: [{ pointer, detail }] }),
    reason,
  });
}
