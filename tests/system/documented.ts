import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { problemDocument, problems } from '@vouchsafe/service-host';
import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { root } from './root.ts';

interface Described {
  readonly 'x-permission': string;
  readonly 'x-wildcard'?: string;
  readonly responses: Readonly<
    Record<string, { readonly headers?: Readonly<Record<string, object>>; readonly content?: object }>
  >;
}

interface Documented {
  /** The document's name for Ajv, and where the operation stands in it. */
  readonly pointer: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly described: Described;
}

/** An answer as the caller got it. */
export interface Seen {
  readonly method: string;
  /** With its query, as it was asked for. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
addFormats.default(ajv);
// Said of what is a string to JSON Schema: bytes.
for (const name of ['base64', 'binary']) ajv.addFormat(name, true);
const checkers = new Map<string, ValidateFunction>();
const operations = readdirSync(path.join(root, 'services'))
  .filter((service) => service !== 'gateway')
  .flatMap(operationsOf)
  // A fixed segment goes before a variable one.
  .sort((a, b) => (a.pattern.source < b.pattern.source ? 1 : -1));

/**
 * What an answer of the gateway has that the OpenAPI document does not say of it; undefined where it says all: status, media type,
 * headers that a program acts on, and the body by its schema. Every suite's client asks this of every answer that it sees.
 */
export function undocumented(seen: Seen): string | undefined {
  const [at = ''] = seen.path.split('?', 1);
  if (!at.startsWith('/v1/')) return undefined;
  const template = operations.find(({ pattern }) => pattern.test(at))?.pattern.source;
  const found = operations.find(
    ({ method, pattern }) => method === seen.method && pattern.source === template,
  );
  const fault = found ? faultOf(found, seen) : faultOfNowhere(seen);
  return (
    fault && `${seen.method} ${at} answered ${seen.status}, of which the document does not say: ${fault}`
  );
}

function operationsOf(service: string): Documented[] {
  const document = JSON.parse(
    readFileSync(path.join(root, 'services', service, 'golden/openapi.json'), 'utf8'),
  ) as { paths: Record<string, Record<string, Described>> };
  ajv.addSchema(document, service);
  return Object.entries(document.paths).flatMap(([template, item]) =>
    Object.entries(item)
      .filter(([, described]) => described['x-permission'] !== 'service')
      .map(([method, described]) => ({
        pointer: `${service}#/paths/${step(template)}/${method}/responses`,
        method: method.toUpperCase(),
        pattern: patternOf(template, described['x-wildcard']),
        described,
      })),
  );
}

function patternOf(template: string, rest: string | undefined): RegExp {
  const source = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === rest ? '.+' : '[^/]+'));
  return new RegExp(`^${source}$`);
}

/** A step of a JSON pointer within a URI's fragment. */
function step(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function faultOf({ pointer, described }: Documented, { status, headers, text }: Seen): string | undefined {
  const answer = described.responses[status];
  if (!answer) return 'the status';
  const mediaTypes = Object.keys(answer.content ?? {});
  const mediaType = String(headers['content-type'] ?? '').split(';')[0] ?? '';
  if (mediaTypes.length === 0 && text !== '') return `a body of ${mediaType}`;
  if (mediaTypes.length > 0 && !mediaTypes.includes(mediaType)) return `the media type ${mediaType}`;
  const fault = faultOfHeaders(Object.keys(answer.headers ?? {}), status, headers);
  if (fault !== undefined || !mediaType.endsWith('json')) return fault;
  return faultOfBody(`${pointer}/${status}/content/${step(mediaType)}/schema`, text);
}

const actedOn = [
  ...['retry-after', 'etag', 'set-cookie', 'location', 'www-authenticate', 'x-request-id', 'link'],
  ...['ratelimit-policy', 'ratelimit'],
];
/** What is said without a reservation. */
const always: Readonly<Partial<Record<number, string>>> = { 401: 'www-authenticate', 429: 'retry-after' };

function faultOfHeaders(names: readonly string[], status: number, sent: Seen['headers']): string | undefined {
  const said = new Set(names.map((name) => name.toLowerCase()));
  const unsaid = actedOn.find((name) => sent[name] !== undefined && !said.has(name));
  if (unsaid !== undefined) return `the header ${unsaid}`;
  const missing = ['x-request-id', always[status]].find(
    (name) => name !== undefined && said.has(name) && sent[name] === undefined,
  );
  return missing && `that the header ${missing} is missing`;
}

function faultOfBody(pointer: string, text: string): string | undefined {
  const checker = checkers.get(pointer) ?? ajv.compile({ $ref: pointer });
  checkers.set(pointer, checker);
  if (checker(JSON.parse(text))) return undefined;
  return `the body: ${ajv.errorsText(checker.errors)}: ${text.slice(0, 500)}`;
}

/** Where no operation is meant: a problem that there is, and nothing else. */
function faultOfNowhere({ method, status, headers, text }: Seen): string | undefined {
  if (method === 'OPTIONS' && status === 204) return undefined;
  if (headers['content-type'] !== 'application/problem+json') return 'an answer where there is no operation';
  const read = problemDocument.safeParse(JSON.parse(text));
  if (!read.success || !(read.data.code in problems)) return `the problem ${text}`;
  return undefined;
}
