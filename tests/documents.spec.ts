import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Parser } from '@asyncapi/parser';
import { describe, expect, it } from '@jest/globals';
import { innerServiceNames } from '@vouchsafe/contracts';
import { Validator } from '@seriousme/openapi-schema-validator';
import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { mergedDocument } from '../services/gateway/src/routes/merged-document.ts';
import { undocumented } from './system/documented.ts';
import { root } from './system/root.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = Record<string, Json>;

/** Documents for other people's programs, by their formats' own validators; none of them asks the network. */
const services = innerServiceNames.map((name) => ({
  name,
  origin: 'http://127.0.0.1:1',
  document: read(`services/${name}/golden/openapi.json`) as never,
}));
const merged = mergedDocument(services, 'https://app.example.com');
const openApi: [string, JsonObject][] = [
  ...services.map(({ name, document }): [string, JsonObject] => [name, document]),
  ['all of them', merged],
];

describe('the OpenAPI document of', () => {
  it.each(openApi)('%s is valid by the published schema of OpenAPI 3.1', async (_, document) => {
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
  });

  it.each(openApi)(
    '%s names its components and operations as generators can, and leads nowhere else',
    (_, document) => {
      const components = Object.entries(document.components as Record<string, JsonObject>);
      const names = components.flatMap(([, some]) => Object.keys(some));
      expect(names.filter((name) => !/^[A-Za-z][A-Za-z0-9]*$/.test(name))).toEqual([]);
      const ids = operationsOf(document).map(({ operationId }) => operationId);
      expect(ids.filter((id) => !/^[a-z][A-Za-z0-9]*$/.test(id as string))).toEqual([]);
      expect(new Set(ids).size).toBe(ids.length);
      expect(danglingIn(document)).toEqual([]);
    },
  );

  it.each(openApi)('%s gives every body and every answer of JSON a name', (_, document) => {
    const contents = contentsOf(document);
    const nameless = contents.filter(
      ([type, { schema }]) => type === 'application/json' && !Object.hasOwn(schema as object, '$ref'),
    );
    // One service may have few; those of all are counted below.
    expect(contents).not.toEqual([]);
    expect(nameless).toEqual([]);
  });

  it.each(openApi)('%s has one kind of apostrophe', (_, document) => {
    expect(JSON.stringify(document).match(/\w+'\w+/g) ?? []).toEqual([]);
  });

  it('all services describes every property and parameter whose name is not self-explanatory', () => {
    expect(undescribedIn(merged)).toEqual([]);
  });

  it('a service is found to lack a description', () => {
    const properties = { manifestKeys: { type: 'array' }, name: { type: 'string' } };
    const planted = { components: { schemas: { Log: { properties } } }, paths: {} };
    expect(undescribedIn(planted)).toEqual(['Log.manifestKeys']);
  });

  it('all services has hundreds of bodies and answers', () => {
    expect(contentsOf(merged).length).toBeGreaterThan(700);
  });

  it('a service with a mistake in it is refused', async () => {
    const planted = structuredClone(merged) as JsonObject & {
      paths: Record<string, Record<string, JsonObject>>;
    };
    const operation = planted.paths['/v1/me']?.get ?? {};
    operation.responses = { 200: { content: {} } };
    expect(await new Validator().validate(planted)).toMatchObject({ valid: false });
    operation.responses = { 200: { $ref: '#/components/schemas/__schema0' } };
    expect(danglingIn(planted)).toEqual(['#/components/schemas/__schema0']);
  });
});

describe('two services in one document', () => {
  const widget = (type: string): JsonObject => ({
    Widget: { type },
    Holder: { $ref: '#/components/schemas/Widget' },
  });
  const service = (name: string, schemas: JsonObject) => ({
    ...{ name, origin: 'http://127.0.0.1:1' },
    document: {
      openapi: '3.1.0',
      paths: {
        [`/v1/${name}`]: {
          get: { security: [], tags: [name], answer: { $ref: '#/components/schemas/Holder' } },
        },
      },
      components: { schemas },
    } as never,
  });
  const schemasOf = (...some: ReturnType<typeof service>[]) => {
    const { schemas } = mergedDocument(some, 'https://app.example.com').components as Record<
      string,
      JsonObject
    >;
    const { MethodNotAllowedProblem, ProblemPlace, ...ofServices } = schemas ?? {};
    // What is answered where no service has an operation.
    expect([MethodNotAllowedProblem, ProblemPlace]).toMatchObject([{ type: 'object' }, { type: 'object' }]);
    return ofServices;
  };

  it('share what is the same', () => {
    expect(schemasOf(service('a', widget('string')), service('b', widget('string')))).toEqual(
      widget('string'),
    );
  });

  it('keep their own of what is not, and the first one its name', () => {
    const [first, second] = [service('a', widget('string')), service('b', { ...widget('number') })];
    expect(schemasOf(first)).toEqual(widget('string'));
    expect(schemasOf(first, second)).toEqual({
      ...widget('string'),
      BHolder: { $ref: '#/components/schemas/BWidget' },
      BWidget: { type: 'number' },
    });
  });
});

describe('the AsyncAPI document', () => {
  const faultsOf = async (document: object) => {
    const found = await new Parser().validate(JSON.stringify(document));
    // Severities: 0 is an error, 1 a warning, 2 information.
    return found
      .filter(({ severity }) => [0, 1].includes(severity))
      .map(({ message, path: at }) => `${at.join('/')}: ${message}`);
  };
  const document = read('libs/contracts/golden/asyncapi.json');

  it("is accepted by AsyncAPI's own parser, without a warning", async () => {
    expect(await faultsOf(document)).toEqual([]);
    expect(danglingIn(document)).toEqual([]);
  }, 60_000);

  it('is refused by it where a reference leads nowhere', async () => {
    const planted = JSON.stringify(document).replaceAll(
      '#/components/schemas/JsonValue',
      '#/definitions/__schema0',
    );
    expect(await faultsOf(JSON.parse(planted) as object)).not.toEqual([]);
  }, 60_000);
});

describe('the JSON Schema of a contract', () => {
  const files = readdirSync(path.join(root, 'libs/contracts/golden')).filter((file) =>
    file.startsWith('vouchsafe.'),
  );

  it.each(files)('%s is complete in itself, and valid by its own dialect', (file) => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, keywords: ['x-personal'] });
    addFormats.default(ajv);
    const schema = read(`libs/contracts/golden/${file}`);
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(ajv.compile(schema)).toBeInstanceOf(Function);
    expect(JSON.stringify(schema)).not.toContain('__schema');
  });
});

/** The check that every suite's client makes of every answer. */
describe('an answer that the document does not have is seen', () => {
  const organization = {
    organizationId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99',
    name: 'Org',
    requireSecondFactor: false,
  };
  const seen = {
    ...{ method: 'GET', path: '/v1/organization?x=1', status: 200 },
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-request-id': 'r', etag: '"1"' },
    text: JSON.stringify(organization),
  };
  it.each([
    ['none of these', {}, undefined],
    ['a status', { status: 418 }, 'the status'],
    [
      'a media type',
      { headers: { ...seen.headers, 'content-type': 'text/html' } },
      'the media type text/html',
    ],
    ['a header', { headers: { ...seen.headers, 'set-cookie': 'a=b' } }, 'the header set-cookie'],
    [
      'a header that is missing',
      { headers: { 'content-type': 'application/json' } },
      'x-request-id is missing',
    ],
    [
      'a field',
      { text: JSON.stringify({ ...organization, surplus: 1 }) },
      'must NOT have additional properties',
    ],
    ['an answer where there is no operation', { method: 'PUT', status: 200 }, 'there is no operation'],
  ])('%s', (_, change, fault) => {
    const found = undocumented({ ...seen, ...change });
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });
});

function read(file: string): JsonObject {
  return JSON.parse(readFileSync(path.join(root, file), 'utf8')) as JsonObject;
}

/** Of every body and every answer, each with its media type. */
function contentsOf(document: JsonObject): [mediaType: string, content: JsonObject][] {
  return operationsOf(document).flatMap(({ requestBody, responses }) =>
    [requestBody, ...Object.values(responses as JsonObject)].flatMap((one) =>
      Object.entries(((one as JsonObject | undefined)?.content ?? {}) as Record<string, JsonObject>),
    ),
  );
}

function operationsOf({ paths }: JsonObject): JsonObject[] {
  return Object.values(paths as JsonObject).flatMap((item) =>
    Object.values(item as Record<string, JsonObject>),
  );
}

/** References that lead nowhere within their document. */
function danglingIn(document: JsonObject): string[] {
  const targets = [...JSON.stringify(document).matchAll(/"(#\/[^"]+)"/g)].map(([, target = '']) => target);
  return [...new Set(targets)].filter((target) => {
    const steps = target
      .slice(2)
      .split('/')
      .map((one) => one.replaceAll('~1', '/').replaceAll('~0', '~'));
    const found = steps.reduce<Json | undefined>(
      (at, one) => (at as JsonObject | undefined)?.[one],
      document,
    );
    return found === undefined;
  });
}

/** Names that need no description: ids, instants, lists of what the schema is about, and common words. */
const EVIDENT =
  /^(id|\w+Id|\w+At|items|entries|entry|logs|readers|name|title|email|role|document|token|user|organization|password|currentPassword)$/;

/** Properties of published schemas, and parameters, without a description, by name. Problems describe themselves. */
function undescribedIn(document: JsonObject): string[] {
  const { schemas = {} } = document.components as Record<string, JsonObject>;
  const isDescribed = (schema: JsonObject): boolean => {
    const named = schemas[typeof schema.$ref === 'string' ? (schema.$ref.split('/').at(-1) ?? '') : ''] as
      JsonObject | undefined;
    return 'description' in schema || (named !== undefined && 'description' in named);
  };
  const within = (where: string, schema: Json | undefined): string[] => {
    if (typeof schema !== 'object' || schema === null) return [];
    if (Array.isArray(schema)) return schema.flatMap((one) => within(where, one));
    const own = Object.entries((schema.properties ?? {}) as Record<string, JsonObject>).flatMap(
      ([name, one]) => [
        ...(EVIDENT.test(name) || isDescribed(one) ? [] : [`${where}.${name}`]),
        ...within(`${where}.${name}`, one),
      ],
    );
    const parts = [schema.items, schema.anyOf, schema.oneOf].filter((part) => part !== undefined);
    return [...own, ...parts.flatMap((part) => within(where, part))];
  };
  const parameters = operationsOf(document).flatMap((operation) =>
    ((operation.parameters ?? []) as JsonObject[])
      .filter(
        (one) =>
          !EVIDENT.test(one.name as string) && !isDescribed(one) && !isDescribed(one.schema as JsonObject),
      )
      .map(({ name }) => `${operation.operationId as string} ${name as string}`),
  );
  const published = Object.entries(schemas).filter(([name]) => !name.endsWith('Problem'));
  return [...published.flatMap(([name, schema]) => within(name, schema)), ...parameters];
}
