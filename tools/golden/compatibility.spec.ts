import { describe, expect, it } from '@jest/globals';
import { personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { breaks, type JsonSchema } from './compatibility.ts';

const before = z.object({ id: z.uuid(), kind: z.enum(['a', 'b']), note: z.string().optional(), many: z.array(z.object({ n: z.int() })) });

/** Changes that break a reader, and the field that must be named. */
const breaking: readonly (readonly [string, z.ZodType, string])[] = [
  ['a field taken away', before.omit({ note: true }), '$/note'],
  ['a required field taken away', before.omit({ id: true }), '$/id'],
  ['a new required field', before.extend({ more: z.string() }), '$/more'],
  ['a field that may be absent now', before.extend({ id: z.uuid().optional() }), '$/id'],
  ['a field that may not be absent any more', before.extend({ note: z.string() }), '$/note'],
  ['another type', before.extend({ note: z.number().optional() }), '$/note'],
  ['another format', before.extend({ id: z.email() }), '$/id'],
  ['a new value of a closed list', before.extend({ kind: z.enum(['a', 'b', 'c']) }), '$/kind'],
  ['a value taken out of a closed list', before.extend({ kind: z.enum(['a']) }), '$/kind'],
  ['null where there was none', before.extend({ id: z.uuid().nullable() }), '$/id'],
  ['a change in an element of an array', before.extend({ many: z.array(z.object({ n: z.string() })) }), '$/many/items/n'],
  ['fewer unknown fields let through', z.strictObject(before.shape), '$'],
  [
    'a field that may be erased now',
    before.extend({ id: personal(z.uuid(), { purpose: 'account', subject: null }) }),
    '$/id',
  ],
];

describe('a change of a contract', () => {
  it.each(breaking)('breaks a consumer: %s', (_, after, place) => {
    expect(breaks(schemaOf(before), schemaOf(after))).toContainEqual(expect.stringContaining(place));
  });

  it('breaks a consumer that refuses unknown fields: a new field that may be absent', () => {
    const strict = z.strictObject(before.shape);
    expect(breaks(schemaOf(strict), schemaOf(strict.extend({ more: z.string().optional() })))).toEqual([
      expect.stringContaining('$/more'),
    ]);
  });

  it.each([
    ['nothing', before],
    ['a new field that may be absent', before.extend({ more: z.string().optional() })],
    ['words for people', before.describe('What happened')],
    ['the order of fields', z.object(Object.fromEntries(Object.entries(before.shape).reverse()))],
  ])('breaks nobody: %s', (_, after) => {
    expect(breaks(schemaOf(before), schemaOf(after))).toEqual([]);
  });
});

function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
}
