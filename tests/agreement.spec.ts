import { beforeAll, describe, expect, it } from '@jest/globals';
import { innerServiceNames } from '@vouchsafe/contracts';
import {
  type CheckedInput,
  checkedInputs,
  describeService,
  idempotencyKeyText,
  plainLine,
} from '@vouchsafe/service-host';
import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { z } from 'zod';
import { definitionOf } from '../tools/golden/services.ts';
import { fitting, hostile, type Json, type Schema, variations } from './agreement.samples.ts';
import { root } from './system/root.ts';

/** What the code refuses by 400 and JSON Schema has no words for; the document says each in prose where it applies. */
const beyondJsonSchema = new Map([
  ['must have at most 16384 characters as JSON', 'the length of a value once it is written as JSON'],
  ['must be at most 255 bytes in UTF-8', 'the length of a text in bytes'],
  ['must be from 1970 to 9999, in UTC', 'an instant by its value, offset and all'],
  [
    'must be visible text; U+200C and U+200D are allowed between letters',
    'what of a text is seen, which Unicode knows by properties that not every reader of patterns has',
  ],
  ['must not be before `from`', 'one field compared with another'],
  [
    'must be left out when `replaces` is given: the new key takes the source of that key',
    'two fields of which one is given',
  ],
]);

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}
interface Described {
  readonly 'x-operation': string;
  readonly 'x-permission': string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
}
interface Part extends CheckedInput {
  readonly published: Schema;
  readonly schemas: Readonly<Record<string, Schema>>;
}

const parts = new Map<string, Part[]>();
/** Which of the rules beyond JSON Schema were met. */
const met = new Set<string>();

beforeAll(async () => {
  for (const name of innerServiceNames) {
    const { definition, config } = await definitionOf(root, name, 'src');
    const document = (await describeService(definition, config)) as unknown as {
      paths: Record<string, Record<string, Described>>;
      components: { schemas: Record<string, Schema> };
    };
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
    const inputs = await checkedInputs(definition, config);
    parts.set(
      name,
      operations
        .filter((operation) => operation['x-permission'] !== 'service')
        .flatMap((operation) => partsOf(operation, inputs, document.components.schemas)),
    );
  }
}, 60_000);

describe('what the OpenAPI document allows, the code takes, and nothing else', () => {
  it.each(innerServiceNames)('in every body, query and path of %s', (service) => {
    const some = parts.get(service) ?? [];
    expect(some).not.toEqual([]);
    expect(some.flatMap(disagreements)).toEqual([]);
  });

  it('in the Idempotency-Key', () => {
    const published = z.toJSONSchema(idempotencyKeyText, { io: 'input' }) as Schema;
    const part = {
      operation: 'any',
      place: 'body',
      schema: idempotencyKeyText,
      published,
      schemas: {},
    } as const;
    expect(disagreements(part)).toEqual([]);
  });

  it('but for what JSON Schema cannot say, all of which is met', () => {
    expect([...met].sort()).toEqual([...beyondJsonSchema.keys()].sort());
  });
});

describe('the two comparisons', () => {
  it('look at the inputs of all services, and do not pass for want of them', () => {
    const all = [...parts.values()].flat();
    expect(all.length).toBeGreaterThan(35);
    expect(all.filter(({ place }) => place === 'body').length).toBeGreaterThan(15);
  });
});

describe('what the document shows as an example', () => {
  it.each(innerServiceNames)('is taken as it stands, in every body of %s', (service) => {
    const bodies = (parts.get(service) ?? []).filter(({ place }) => place === 'body');
    for (const { operation, schema, published, schemas } of bodies) {
      const name = (published.$ref as string | undefined)?.split('/').at(-1);
      const { example } = name === undefined ? published : (schemas[name] ?? {});
      expect({ operation, ...schema.safeParse(example) }).toMatchObject({ operation, success: true });
      expect(readerOf(published, schemas)(example)).toBe(true);
    }
  });
});

it('every name and reason that is sent is one line of visible text', () => {
  const bodies = [...parts.values()].flat().filter(({ place }) => place === 'body');
  const named = bodies.flatMap(({ operation, published, schemas }) =>
    textsOf(published, schemas).flatMap(({ name, schema }) =>
      name === 'name' || name === 'reason' ? [{ text: `${operation} ${name}`, pattern: schema.pattern }] : [],
    ),
  );
  const { pattern } = z.toJSONSchema(plainLine(1), { io: 'input' });
  expect([...new Set(named.map(({ text }) => text))].sort()).toEqual([
    'api-key.create name',
    'audit-export.request reason',
    'audit-reader.create name',
    'customer.change name',
    'hold.place reason',
    'hold.release reason',
    'hold.review reason',
    'invitation.accept name',
    'me.rename name',
    'organization.change name',
    'sign-up.create name',
  ]);
  expect(named.filter((one) => one.pattern !== pattern)).toEqual([]);
});

describe('a rule that the document does not say', () => {
  it.each([
    [
      'a length of another kind',
      z
        .string()
        .refine((text) => text.length <= 10)
        .meta({ maxLength: 10 }),
    ],
    ['space that is taken off before the length is asked', z.string().trim().min(1).max(10)],
    ['a refinement', z.string().refine((text) => !text.includes('e'))],
    ['a number out of any text', z.coerce.number().int()],
  ])('is found: %s', (_, field) => {
    const schema = z.strictObject({ field });
    const published = z.toJSONSchema(schema, { io: 'input' }) as Schema;
    expect(disagreements({ operation: 'any', place: 'body', schema, published, schemas: {} })).not.toEqual(
      [],
    );
  });
});

function partsOf(operation: Described, inputs: readonly CheckedInput[], schemas: Part['schemas']): Part[] {
  const own = inputs.filter((input) => input.operation === operation['x-operation']);
  return own.map((input) => ({ ...input, schemas, published: publishedOf(operation, input.place) }));
}

/** The properties that are texts, those of inner objects too. */
function textsOf(schema: Schema, schemas: Part['schemas']): { name: string; schema: Schema }[] {
  if (typeof schema.$ref === 'string')
    return textsOf(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, schemas);
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  return properties.flatMap(([name, inner]) =>
    inner.type === 'string' ? [{ name, schema: inner }] : textsOf(inner, schemas),
  );
}

function publishedOf({ requestBody, parameters = [] }: Described, place: CheckedInput['place']): Schema {
  if (place === 'body') return requestBody?.content['application/json']?.schema ?? {};
  const some = parameters.filter((one) => one.in === place);
  return {
    type: 'object',
    properties: Object.fromEntries(some.map(({ name, schema }) => [name, schema])),
    required: some.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

/** Values about which the document and the code differ, in words; few of them, to be read. */
function disagreements(part: Part): string[] {
  const { operation, place, schema, published, schemas } = part;
  const allows = readerOf(published, schemas);
  const samples = fc.sample(fitting(published, schemas), { numRuns: 40, seed: 7 });
  const sent = [...samples, ...samples.slice(0, 3).flatMap((one) => variations(one, hostile))];
  const found = sent.flatMap((value) => {
    // A query and a path carry text; the document speaks of what it means.
    const onTheWire = place === 'body' ? value : asText(value);
    const allowed = allows(place === 'body' ? value : asMeant(onTheWire, published));
    const read = schema.safeParse(onTheWire);
    if (allowed === read.success || isKnown(allowed, read.error)) return [];
    const shown = JSON.stringify(onTheWire).slice(0, 200);
    return [
      `${operation} ${place}: ${allowed ? 'refused though allowed' : 'taken though not allowed'}: ${shown}`,
    ];
  });
  return found.slice(0, 5);
}

function isKnown(allowed: boolean, error: z.ZodError | undefined): boolean {
  if (!allowed || !error) return false;
  const messages = error.issues.flatMap(messagesOf);
  if (!messages.every((message) => beyondJsonSchema.has(message))) return false;
  for (const message of messages) met.add(message);
  return true;
}

/** Of a union, what the branch says that came furthest. */
function messagesOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code !== 'invalid_union') return [issue.message];
  const branches = issue.errors.map((some) => some.flatMap(messagesOf));
  return branches.find((some) => some.every((message) => beyondJsonSchema.has(message))) ?? branches.flat();
}

function readerOf(published: Schema, schemas: Part['schemas']): ValidateFunction {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const text = JSON.stringify({ ...published, $defs: schemas });
  return ajv.compile(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as object);
}

function asText(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, one]): [string, Json] => [
    name,
    typeof one === 'object' ? one : String(one),
  ]);
  return Object.fromEntries(entries);
}

/** A parameter of a number's type is read as one where it is a whole number in decimal digits. */
function asMeant(value: Json, { properties }: Schema): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const types = properties as Record<string, Schema>;
  const entries = Object.entries(value).map(([name, one]): [string, Json] => {
    const isNumber = types[name]?.type === 'integer';
    return [
      name,
      isNumber && typeof one === 'string' && /^(?:0|-?[1-9][0-9]*)$/.test(one) ? Number(one) : one,
    ];
  });
  return Object.fromEntries(entries);
}
