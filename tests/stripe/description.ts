import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { differences } from './differences.ts';

const FORM = 'application/x-www-form-urlencoded';

/** The part of Stripe's OpenAPI document that is read. */
interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: { readonly 'application/json': { readonly schema: Schema } } }>
  >;
  readonly requestBody?: {
    readonly content: { readonly [FORM]?: { readonly schema: Schema } };
  };
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly nullable?: boolean;
}

export interface Description {
  /** The version of Stripe's API that it is of: `2026-08-26.dahlia`. */
  readonly version: string;
  /** The route that a path is of, as the document has it: `/v1/customers/{customer}`. */
  routeOf(path: string): string | undefined;
  /** What is wrong with an answer. */
  problemsOf(method: string, path: string, status: number, answer: unknown): readonly string[];
  /** What is wrong with an event, its object included. */
  problemsOfEvent(event: unknown): readonly string[];
  /** Every type of event that there is. */
  readonly eventTypes: ReadonlySet<string>;
  /** Whether the document itself has a member. */
  has(schema: string, member: string): boolean;
  /** Whether a route itself (`POST /v1/customers`) has a parameter. */
  takes(route: string, parameter: string): boolean;
}

/** Stripe's own description of its API, in which each object is closed: a member that Stripe does not have is a problem, too. */
export async function readDescription(module: string): Promise<Description> {
  const text = await readFile(path.join(module, 'embedded/openapi/spec3.json'), 'utf8');
  const document = JSON.parse(text) as Document;
  const { schemas } = document.components;
  const ajv = new Ajv({
    strict: false,
    validateFormats: false,
    validateSchema: false,
    inlineRefs: false,
    allErrors: true,
  });
  ajv.addSchema({ $id: 'stripe', components: { schemas: closed(withDifferences(schemas)) } });
  const compiled = new Map<string, ValidateFunction>();
  const check = (name: string, schema: () => object, value: unknown): string[] => {
    const validate = compiled.get(name) ?? ajv.compile(schema());
    compiled.set(name, validate);
    return validate(value) ? [] : told(validate.errors ?? []);
  };
  const routes = Object.keys(document.paths).map((template) => template.split('/'));
  const routeOf: Description['routeOf'] = (asked) => {
    const parts = asked.split('/');
    const found = routes.filter(
      (route) =>
        route.length === parts.length &&
        route.every((part, nth) => part.startsWith('{') || part === parts[nth]),
    );
    // `/v1/invoices/upcoming` before `/v1/invoices/{invoice}`.
    const variables = (route: readonly string[]) => route.filter((part) => part.startsWith('{')).length;
    return found.toSorted((a, b) => variables(a) - variables(b))[0]?.join('/');
  };
  const objects = schemasByObject(schemas);
  const eventTypes = eventTypesOf(document);
  return {
    version: document.info.version,
    routeOf,
    problemsOf: (method, asked, status, answer) => {
      const route = routeOf(asked);
      const operation = route === undefined ? undefined : document.paths[route]?.[method.toLowerCase()];
      const response = operation?.responses[status] ?? operation?.responses.default;
      if (!response) return ['Stripe has no such route'];
      const name = `${method} ${route ?? ''} ${operation?.responses[status] ? status : 'default'}`;
      return check(name, () => absolute(closed(response.content['application/json'].schema)), answer);
    },
    problemsOfEvent: (event) => {
      const problems = check('event', () => reference('event'), event);
      if (problems.length > 0) return problems;
      const { type, data } = event as { type: string; data: { object: { object: string } } };
      if (!eventTypes.has(type)) return [`Stripe has no event ${type}`];
      const names = objects.get(data.object.object) ?? [];
      return check(`object ${data.object.object}`, () => ({ anyOf: names.map(reference) }), data.object).map(
        (problem) => `data.object ${problem}`,
      );
    },
    eventTypes,
    takes: (route, parameter) => {
      const [method = '', template = ''] = route.split(' ');
      const form = document.paths[template]?.[method.toLowerCase()]?.requestBody?.content[FORM];
      return form?.schema.properties?.[parameter] !== undefined;
    },
    has: (schema, member) => schemas[schema]?.properties?.[member] !== undefined,
  };
}

const reference = (name: string) => ({ $ref: `stripe#/components/schemas/${name}` });

function withDifferences(schemas: Document['components']['schemas']): Document['components']['schemas'] {
  const made: Record<string, Schema> = { ...schemas };
  for (const { schema, member } of differences)
    made[schema] = { ...made[schema], properties: { ...made[schema]?.properties, [member]: {} } };
  return made;
}

/** OpenAPI 3.0 as JSON Schema: `nullable` is another type, and an object has the members that are named. */
function closed(schema: unknown): object {
  if (Array.isArray(schema)) return schema.map(closedPart);
  const entries = Object.entries(schema as object).filter(([name]) => name !== 'nullable');
  const made: Record<string, unknown> = Object.fromEntries(
    entries.map(([name, value]) => [name, name === 'enum' ? (value as unknown) : closedPart(value)]),
  );
  const { properties, additionalProperties } = schema as Record<string, unknown>;
  const isObject = (schema as { type?: unknown }).type === 'object';
  if (isObject && properties !== undefined && additionalProperties === undefined)
    made.additionalProperties = false;
  return (schema as Schema).nullable === true ? { anyOf: [made, { type: 'null' }] } : made;
}

function closedPart(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? closed(value) : value;
}

/** References of a schema outside of the document it was in. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"stripe#/')) as object;
}

/** Names of the schemas for each `object`: a customer is one, or a deleted one. */
function schemasByObject(schemas: Document['components']['schemas']): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, { properties }] of Object.entries(schemas)) {
    const [object] = properties?.object?.enum ?? [];
    if (typeof object === 'string' && properties?.id) found.set(object, [...(found.get(object) ?? []), name]);
  }
  return found;
}

function eventTypesOf({ paths }: Document): ReadonlySet<string> {
  const form = paths['/v1/webhook_endpoints']?.post?.requestBody?.content[FORM];
  return new Set(form?.schema.properties?.enabled_events?.items?.enum?.map(String));
}

/** The deepest first: an `anyOf` complains of every branch. */
function told(errors: readonly ErrorObject[]): string[] {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  const deepest = Math.max(...errors.map(depth));
  return errors
    .filter((error) => depth(error) === deepest)
    .map(({ instancePath, message = '', params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
}
