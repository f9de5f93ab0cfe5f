import { readFile, writeFile } from 'node:fs/promises';
import type { INestApplication } from '@nestjs/common';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/internal';
import { ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { OPERATION, type OperationDeclaration } from './operation.js';
import { problemDocument, type ProblemCode, problems } from './problems.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = Record<string, Json>;

/** The service's OpenAPI 3.1 document: routes from Nest, schemas from zod, problems from the declarations. */
export function openApiDocument(app: INestApplication, title: string, version: string): JsonObject {
  const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').setTitle(title).setVersion(version).build();
  const document = SwaggerModule.createDocument(app, config, {
    autoTagControllers: false,
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? { schema: jsonSchemaOf(schema, schemaType) } : undefined,
  });
  return sortedPaths(withProblems(document, declarationsOf(app)));
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is; Swagger's own conversion would write 3.0. */
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const json = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' });
  delete json.$schema;
  return json;
}

function declarationsOf(
  app: INestApplication,
): Map<string, { declaration: OperationDeclaration; method: RequestMethod }> {
  const declarations = new Map<string, { declaration: OperationDeclaration; method: RequestMethod }>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      const prototype = (metatype as { prototype: Record<string, object> }).prototype;
      for (const name of Object.getOwnPropertyNames(prototype)) {
        const handler = prototype[name];
        if (typeof handler !== 'function') continue;
        const declaration = Reflect.getMetadata(OPERATION, handler) as OperationDeclaration | undefined;
        const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
        if (declaration) declarations.set(declaration.operation, { declaration, method });
      }
    }
  }
  return declarations;
}

function withProblems(document: OpenAPIObject, declarations: ReturnType<typeof declarationsOf>): JsonObject {
  const json = JSON.parse(JSON.stringify(document)) as JsonObject & {
    paths: Record<string, Record<string, JsonObject>>;
  };
  for (const item of Object.values(json.paths)) {
    for (const operation of Object.values(item)) {
      const found = declarations.get(operation.operationId as string);
      if (!found) continue;
      operation.parameters = withoutGuesses(operation.parameters as JsonObject[] | undefined);
      const codes = problemsOf(found.declaration, found.method, operation);
      operation.responses = { ...(operation.responses as JsonObject), ...problemResponses(codes) };
      operation['x-problems'] = [...codes];
      if (found.declaration.idempotent) addIdempotencyKey(operation);
    }
  }
  const problemSchema = jsonSchemaOf(problemDocument, 'output') as JsonObject;
  const { components } = json as { components?: { schemas?: JsonObject } & JsonObject };
  const lifted = liftedDefinitions(json.paths);
  json.components = {
    ...components,
    schemas: { ...components?.schemas, ...lifted, Problem: problemSchema },
  };
  return json;
}

/** Nest takes every header that a handler reads for required; a required one is declared otherwise (the session, the key). */
function withoutGuesses(parameters: readonly JsonObject[] = []): JsonObject[] {
  return parameters
    .filter(({ name }) => name !== 'idempotency-key')
    .map((one) => (one.in === 'header' ? { ...one, required: false } : one));
}

/** Swagger points references to `$defs` at the components, but leaves the definitions where they were: they are taken there. */
function liftedDefinitions(within: Json): JsonObject {
  if (Array.isArray(within)) return Object.assign({}, ...within.map(liftedDefinitions)) as JsonObject;
  if (typeof within !== 'object' || within === null) return {};
  const own = (within.$defs ?? {}) as JsonObject;
  delete within.$defs;
  const found = { ...own };
  for (const inner of [...Object.values(own), ...Object.values(within)]) {
    for (const [name, schema] of Object.entries(liftedDefinitions(inner))) {
      if (name in found && JSON.stringify(found[name]) !== JSON.stringify(schema))
        throw new Error(`Two schemas are called ${name}: give them ids, \`.meta({ id })\``);
      found[name] = schema;
    }
  }
  return found;
}

function problemsOf(
  { permission, problems: own = [], idempotent }: OperationDeclaration,
  method: RequestMethod,
  operation: JsonObject,
): Set<ProblemCode> {
  // What is not a GET may come with a body, which is read, and refused where none is taken.
  const takesInput =
    method !== RequestMethod.GET || ((operation.parameters as Json[] | undefined) ?? []).length > 0;
  return new Set<ProblemCode>([
    ...(takesInput ? (['malformed-request', 'invalid-request'] as const) : []),
    ...(method === RequestMethod.GET ? [] : (['content-too-large', 'unsupported-media-type'] as const)),
    ...(permission === 'public' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(['public', 'session'].includes(permission) ? [] : (['second-factor-required'] as const)),
    ...(idempotent ? (['idempotency-key-reused'] as const) : []),
    ...own,
    ...(method === RequestMethod.GET ? [] : (['cross-site-request', 'outcome-unknown'] as const)),
    'too-many-requests',
    'internal',
    'unavailable',
    'upstream-failed',
    'timed-out',
  ]);
}

function problemResponses(codes: Iterable<ProblemCode>): JsonObject {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes)
    byStatus.set(problems[code].status, [...(byStatus.get(problems[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      String(status),
      {
        description: some.map((code) => `\`${code}\`: ${problems[code].title}`).join('; '),
        content: {
          'application/problem+json': {
            schema: {
              allOf: [{ $ref: '#/components/schemas/Problem' }],
              properties: { code: { type: 'string', enum: some } },
            },
          },
        },
      },
    ]),
  );
}

function addIdempotencyKey(operation: JsonObject): void {
  operation.parameters = [
    ...((operation.parameters as Json[] | undefined) ?? []),
    {
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description:
        'Sent again with the same request, the first answer is repeated and nothing is done twice.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    },
  ];
}

/** Sorted, so that the golden file changes only when the interface does. */
function sortedPaths(document: JsonObject): JsonObject {
  const paths = Object.entries(document.paths as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...document, paths: Object.fromEntries(paths) };
}

/**
 * Compares a document with the golden file, or writes it when `update`. Returns the differing lines, empty when same.
 * A change of the interface is seen in review, and the gateway boots from these files.
 */
export async function compareGolden(
  file: string | URL,
  document: object,
  update: boolean,
): Promise<string[]> {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (update) await writeFile(file, text);
  const golden = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  return text
    .split('\n')
    .flatMap((line, index) => (line === golden[index] ? [] : [`${index + 1}: ${line}`]))
    .slice(0, 20);
}
