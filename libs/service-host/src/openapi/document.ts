import type { INestApplication, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/internal';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { type Json, type JsonObject, jsonSchemaOf } from '@vouchsafe/contracts';
import { z } from 'zod';
import { idempotencyKeyText } from '../idempotency.js';
import type { OperationDeclaration } from '../operation.js';
import { keyPermissions } from '../permissions.js';
import { type Answering, answersOf, codesOf, headerComponents, problemSchemas } from './answers.js';
import { declaredHandlers } from './inputs.js';
import { liftedDefinitions, withNamedSchemas } from './components.js';

const digest =
  'SHA-256 of the bytes, as in `sha-256=:<base64>:` (RFC 9530): with another one, nothing is stored.';

type Paths = Record<string, Record<string, JsonObject>>;

/**
 * The service's OpenAPI 3.1 document, for other people's programs: routes from Nest, schemas from zod, answers and security from the
 * declarations. Every schema that a program may want to name has a name, and every reference leads to one.
 */
export function openApiDocument(app: INestApplication, title: string, version: string): JsonObject {
  const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').setTitle(title).setVersion(version).build();
  const made = SwaggerModule.createDocument(app, config, {
    autoTagControllers: false,
    // Swagger's own conversion would write 3.0; 3.1 takes JSON Schema 2020-12 as it is.
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? { schema: jsonSchemaOf(schema, { io: schemaType }) } : undefined,
  });
  const document = JSON.parse(JSON.stringify(made)) as JsonObject & { paths: Paths };
  const codes = describeOperations(document.paths, declarationsOf(app));
  const lifted = liftedDefinitions(document.paths);
  return {
    openapi: '3.1.0',
    info: { title, version, license },
    tags: tagsOf(document.paths),
    paths: withNamedSchemas(sorted(document.paths), lifted),
    components: {
      schemas: sorted({ ...lifted, ...problemSchemas(codes) }),
      headers: headerComponents(),
      securitySchemes: securitySchemes(),
    },
  };
}

const license = { name: 'Apache-2.0', identifier: 'Apache-2.0' };

type Declarations = ReadonlyMap<string, Pick<Answering, 'declaration' | 'method'>>;

function declarationsOf(app: INestApplication): Declarations {
  return new Map(
    declaredHandlers(app).map(({ declaration, handler }) => {
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
      return [declaration.operation, { declaration, method }];
    }),
  );
}

/** Adds to every operation what Nest does not know of it. @returns the codes of all problems that are answered */
function describeOperations(paths: Paths, declarations: Declarations): Set<string> {
  const every = new Set<string>();
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
    const found = declarations.get(operation['x-operation'] as string);
    if (!found) continue;
    const { declaration } = found;
    operation.tags = [tagOf(operation)];
    operation.security = securityOf(declaration);
    operation.parameters = parametersOf(operation.parameters as JsonObject[] | undefined, declaration);
    const codes = codesOf({ ...found, parameters: operation.parameters as JsonObject[] });
    operation.responses = answersOf(operation.responses as Record<string, JsonObject>, declaration, codes);
    if (declaration.signedBy !== undefined) operation.requestBody = signedBody;
    if (declaration.body !== undefined) operation.requestBody = file;
    operation['x-problems'] = [...codes];
    for (const code of codes) every.add(code);
  }
  return every;
}

/** It is read as bytes, and its form is the sender's. */
const signedBody: JsonObject = {
  required: true,
  content: { 'application/json': { schema: { type: 'object' } } },
};

const file: JsonObject = {
  required: true,
  description: 'The bytes of the file. `Content-Type` is its media type, whichever it is',
  content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
};

/** What is operated on: a client has a part for each. */
function tagOf(operation: JsonObject): string {
  return (operation['x-operation'] as string).split('.', 1)[0] ?? '';
}

function tagsOf(paths: Paths): Json {
  const names = Object.values(paths).flatMap((item) => Object.values(item).map(tagOf));
  return [...new Set(names)].sort().map((name) => ({ name }));
}

/** Nest takes every header that a handler reads for required, and knows nothing more of it. */
function parametersOf(
  guessed: readonly JsonObject[] = [],
  { idempotent }: OperationDeclaration,
): JsonObject[] {
  const known = guessed
    .filter(({ name }) => name !== 'idempotency-key')
    .map((one) => knownHeaders[one.name as string] ?? one);
  return idempotent ? [...known, idempotencyKey(idempotent === 'required')] : known;
}

const knownHeaders: Readonly<Record<string, JsonObject>> = {
  'if-match': header(
    'If-Match',
    'The ETag that you read: the change is refused if the resource has changed since (RFC 9110 section 13.1.1).',
  ),
  range: header('Range', 'The part that you want, as in `bytes=0-999`: one range (RFC 9110 section 14.2).'),
  'if-range': header(
    'If-Range',
    'Where it is sent, the whole is answered: there is no validator to compare with.',
  ),
  'repr-digest': header('Repr-Digest', digest),
  'content-digest': header('Content-Digest', digest),
};

function header(name: string, description: string): JsonObject {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

function idempotencyKey(required: boolean): JsonObject {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required,
    description:
      'Sent again with the same request, it returns the first answer again, and nothing is executed twice.',
    schema: jsonSchemaOf(idempotencyKeyText, { io: 'input' }),
  };
}

/** Sorted, so that the golden file changes only when the interface does. */
function sorted<Value>(some: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(some).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function securitySchemes(): JsonObject {
  return {
    session: {
      type: 'apiKey',
      in: 'cookie',
      name: '__Host-vouchsafe-session',
      description: 'Set by POST /v1/sessions',
    },
    apiKey: { type: 'http', scheme: 'bearer', description: 'A key made by POST /v1/api-keys' },
    internalToken: { type: 'apiKey', in: 'header', name: 'vouchsafe-internal-token' },
  };
}

/** Any one of them will do; an empty one says that the operation can be called without. */
function securityOf({ permission, problems = [], keys = false }: OperationDeclaration): JsonObject[] {
  const [session, apiKey] = [{ session: [] }, { apiKey: [] }];
  if (permission === 'service') return [{ internalToken: [] }];
  // Public only in part: an auditor's path needs no caller, a log's id needs one who may read it.
  if (permission === 'public') return problems.includes('unauthenticated') ? [{}, session, apiKey] : [];
  const open = keys || (keyPermissions as readonly string[]).includes(permission);
  return open ? [session, apiKey] : [session];
}
