import { RequestMethod } from '@nestjs/common';
import { type JsonObject, jsonSchemaOf } from '@vouchsafe/contracts';
import { z } from 'zod';
import type { AnswerHeader, OperationDeclaration } from '../operation.js';
import { type Permission, permissions, type Requirement } from '../permissions.js';
import { problemDocument, type ProblemCode, problems } from '../problems.js';
import { pascal } from './components.js';

/** What is known of an operation when its answers are listed. */
export interface Answering {
  readonly declaration: OperationDeclaration;
  readonly method: RequestMethod;
  readonly parameters: readonly JsonObject[];
}

/** Every problem that the operation can be answered with: by the HTTP parser, the gateway, the framework, or itself. */
export function codesOf({ declaration, method, parameters }: Answering): Set<ProblemCode> {
  const { permission, problems: own = [], idempotent = false } = declaration;
  const changes = method !== RequestMethod.GET;
  return new Set<ProblemCode>([
    'malformed-request',
    'card-number',
    // A body is refused where none is taken.
    ...(changes || parameters.length > 0 ? (['invalid-request'] as const) : []),
    // An invalid key is refused even where none is required.
    'unauthenticated',
    ...(permission === 'public' ? [] : (['forbidden'] as const)),
    ...(['public', 'session'].includes(permission)
      ? []
      : (['second-factor-required', 'organization-inactive'] as const)),
    ...(changes ? (['cross-site-request'] as const) : []),
    'request-timeout',
    ...(changes ? (['concurrent-change'] as const) : []),
    ...(idempotent ? (['idempotency-key-reused', 'gone'] as const) : []),
    ...own,
    'content-too-large',
    ...(parameters.some((one) => one.in === 'path') ? (['url-too-long'] as const) : []),
    ...(changes ? (['unsupported-media-type'] as const) : []),
    'too-many-requests',
    'headers-too-large',
    'internal',
    'upstream-failed',
    'unavailable',
    ...(changes ? (['outcome-unknown'] as const) : []),
    'timed-out',
  ]);
}

/** The answers of success as Nest lists them, with their headers, and one for each status of a problem. */
export function answersOf(
  successes: Readonly<Record<string, JsonObject>>,
  { headers = [], problemHeaders = [], problems: own = [], permission }: OperationDeclaration,
  codes: ReadonlySet<ProblemCode>,
): JsonObject {
  const described = Object.entries(successes).map(([status, answer]): [string, JsonObject] => [
    status,
    { ...answer, headers: headersOf(['X-Request-Id', ...headers]) },
  ]);
  const byStatus = Map.groupBy(codes, (code) => problems[code].status);
  const refused = [...byStatus].map(([status, some]): [string, JsonObject] => [
    String(status),
    {
      description: some.map((code) => describedProblem(code, permission)).join('; '),
      headers: headersOf([
        ...(headersOfProblem[status] ?? ['X-Request-Id']),
        ...(some.some((code) => own.includes(code) || answeredWithin.includes(code)) ? problemHeaders : []),
      ]),
      content: { 'application/problem+json': { schema: oneOf(some) } },
    },
  ]);
  return Object.fromEntries([...described, ...refused]);
}

/** The code and the title; of a missing permission, which one the operation requires. */
function describedProblem(code: ProblemCode, requirement: Requirement): string {
  const described = `\`${code}\`: ${problems[code].title}`;
  const isPermission = permissions.includes(requirement as Permission);
  return code === 'forbidden' && isPermission
    ? `${described} (it requires \`${requirement}\`; \`detail\` names the permission that is missing)`
    : described;
}

/** Where a status has headers of its own; what is refused before there is a request has no id. */
const headersOfProblem: Readonly<Partial<Record<number, readonly AnswerHeader[]>>> = {
  401: ['X-Request-Id', 'WWW-Authenticate'],
  408: [],
  429: ['X-Request-Id', 'Retry-After'],
  431: [],
  503: ['X-Request-Id', 'Retry-After'],
};

/** What any operation can answer with once it has begun; everything else is answered before or around it. */
const answeredWithin: readonly ProblemCode[] = [
  'invalid-request',
  'concurrent-change',
  'too-many-requests',
  'internal',
  'unavailable',
];

const headers: Readonly<Record<AnswerHeader, JsonObject>> = {
  'X-Request-Id': {
    description: 'Identifies the request in the access log; quote it to support',
    schema: { type: 'string' },
  },
  'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer', minimum: 1 } },
  'WWW-Authenticate': { description: 'How a program can authenticate', schema: { type: 'string' } },
  ETag: { description: 'The version, for If-Match', schema: { type: 'string', pattern: '^"[0-9]+"$' } },
  'Accept-Ranges': { description: '`bytes`: parts can be asked for', schema: { type: 'string' } },
  'Content-Disposition': {
    description: 'Says that it is to be saved, and under which name (RFC 6266)',
    schema: { type: 'string' },
  },
  'Content-Range': {
    description: 'Which bytes these are, and of how many (RFC 9110, section 14.4)',
    schema: { type: 'string' },
  },
  'Repr-Digest': { description: 'SHA-256 of the whole file (RFC 9530)', schema: { type: 'string' } },
  'Set-Cookie': { description: 'Starts or ends the session of a browser', schema: { type: 'string' } },
  'RateLimit-Policy': {
    description: 'The limits, each by its name: quota `q`, unit `qu`, and window `w` in seconds',
    schema: { type: 'string' },
  },
  RateLimit: {
    description: 'What is left of each limit: remaining quota `r`, and seconds `t` until the window ends',
    schema: { type: 'string' },
  },
};

export function headerComponents(): JsonObject {
  return Object.fromEntries(Object.entries(headers).map(([name, header]) => [componentOf(name), header]));
}

function headersOf(names: readonly AnswerHeader[]): JsonObject {
  return Object.fromEntries(
    names.map((name) => [name, { $ref: `#/components/headers/${componentOf(name)}` }]),
  );
}

function componentOf(header: string): string {
  return header.replaceAll('-', '');
}

/** A caller can switch over `code`: each value has a schema of its own. */
function oneOf(codes: readonly ProblemCode[]): JsonObject {
  const [first = '', ...more] = codes.map((code) => `#/components/schemas/${schemaNameOf(code)}`);
  if (more.length === 0) return { $ref: first };
  return {
    oneOf: [first, ...more].map(($ref) => ({ $ref })),
    discriminator: {
      propertyName: 'code',
      mapping: Object.fromEntries(codes.map((code) => [code, `#/components/schemas/${schemaNameOf(code)}`])),
    },
  };
}

/** `too-many-requests`: `TooManyRequestsProblem` */
function schemaNameOf(code: string): string {
  return `${pascal(code)}Problem`;
}

/** A schema for the document of each problem, by its name, and those that they refer to. */
export function problemSchemas(codes: Iterable<string>): JsonObject {
  const schemas: JsonObject = {};
  for (const code of codes) {
    const { status, title } = problems[code as ProblemCode];
    const schema = problemDocument.extend({
      type: z.literal(`urn:vouchsafe:problem:${code}`),
      status: z.literal(status),
      code: z.literal(code),
    });
    const { $defs, ...json } = jsonSchemaOf(schema, { io: 'output' });
    Object.assign(schemas, $defs, { [schemaNameOf(code)]: { ...json, description: title } });
  }
  return JSON.parse(JSON.stringify(schemas).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonObject;
}
