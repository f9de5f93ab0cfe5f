import { readFileSync } from 'node:fs';
import path from 'node:path';
import { innerServiceNames, type ServiceName } from '@vouchsafe/contracts';
import { type Permission, problems } from '@vouchsafe/service-host';
import { z } from 'zod';
import { root } from './root.ts';

const parameter = z.looseObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean().optional(),
});
const described = z.looseObject({
  'x-permission': z.string(),
  'x-signed-by': z.string().optional(),
  'x-body': z.string().optional(),
  'x-operation': z.string(),
  'x-effect': z.enum(['read', 'write']),
  'x-problems': z.array(z.enum(Object.keys(problems) as (keyof typeof problems)[])),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(parameter).default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown().optional() })) })
    .optional(),
  responses: z.record(z.string(), z.unknown()),
});
const document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), described)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});

/** One operation, as the OpenAPI document describes it. */
export interface Operation {
  readonly name: string;
  readonly method: string;
  /** `/v1/members/{id}` */
  readonly path: string;
  readonly permission: 'public' | 'session' | 'self' | Permission;
  readonly problems: ReadonlySet<string>;
  readonly query: readonly string[];
  readonly takesIdempotencyKey: boolean;
  /** Whether it is refused without one. */
  readonly needsIdempotencyKey: boolean;
  /** Whether an API key will do. */
  readonly takesKeys: boolean;
  /** Whether a body fits its schema; undefined for an operation without one. */
  readonly acceptsBody: ((body: unknown) => boolean) | undefined;
  /** Whether its sender signs the bytes of the body. */
  readonly isSigned: boolean;
  /** Whether its body is a file, of any bytes and any type. */
  readonly takesFile: boolean;
  /** Statuses of success. */
  readonly successes: readonly number[];
}

export function operationsOf(json: unknown): Operation[] {
  const { paths, components } = document.parse(json);
  return Object.entries(paths).flatMap(([template, item]) =>
    Object.entries(item).map(([method, found]) => {
      const schema = found.requestBody?.content['application/json']?.schema;
      const fits = schema === undefined ? undefined : readerOf(schema, components.schemas);
      return {
        name: found['x-operation'],
        method: method.toUpperCase(),
        path: template,
        isSigned: found['x-signed-by'] !== undefined,
        takesFile: found['x-body'] !== undefined,
        permission: found['x-permission'] as Operation['permission'],
        problems: new Set(found['x-problems']),
        query: found.parameters.filter((one) => one.in === 'query').map(({ name }) => name),
        takesKeys: found.security.some((scheme) => 'apiKey' in scheme),
        takesIdempotencyKey: found.parameters.some(({ name }) => name === 'Idempotency-Key'),
        needsIdempotencyKey: found.parameters.some(
          ({ name, required }) => name === 'Idempotency-Key' && required,
        ),
        acceptsBody: fits && ((body: unknown) => fits.safeParse(body).success),
        successes: Object.keys(found.responses)
          .map(Number)
          .filter((status) => status < 400),
      };
    }),
  );
}

/** Outside of the document a schema brings along what it refers to. */
function readerOf(schema: unknown, components: Readonly<Record<string, unknown>>): z.ZodType {
  const text = JSON.stringify({ ...(schema as object), $defs: components });
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as never);
}

/**
 * The operations that callers from outside may reach, from the services' golden documents: known before the system runs, so that each
 * has a test of its own name. That the running gateway's `/openapi.json` describes exactly these is a test, too. Audit's come first: what
 * is tried at the others afterwards stands in the log of whoever tried it, with the ids that they named.
 */
export function goldenOperations(of: readonly ServiceName[] = innerServiceNames): Operation[] {
  return of
    .toSorted((a, b) => Number(b === 'audit') - Number(a === 'audit'))
    .flatMap((service) => {
      const file = path.join(root, 'services', service, 'golden/openapi.json');
      return operationsOf(JSON.parse(readFileSync(file, 'utf8')));
    })
    .filter(({ permission }) => (permission as string) !== 'service');
}

/** The path with its parameters filled in, as they are: the caller escapes, or does not. */
export function pathOf({ path: template }: Operation, params: Readonly<Record<string, string>> = {}): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${template} needs ${name}`);
    return value;
  });
}

/** What is left to say of two documents that should describe the same operations. */
export function comparable({ acceptsBody, ...rest }: Operation): object {
  return { ...rest, problems: [...rest.problems].sort(), takesBody: acceptsBody !== undefined };
}
