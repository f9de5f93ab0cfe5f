import { describe, expect, it } from '@jest/globals';
import { contract, jsonValue } from '@vouchsafe/contracts';
import { ERASED, personal, personalFields } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { breaks, type JsonSchema } from './compatibility.ts';

const account = { purpose: 'account', subject: null } as const;
const shape = {
  id: z.uuid(),
  kind: z.enum(['a', 'b']),
  note: z.string().optional(),
  name: personal(z.string(), account),
  many: z.array(z.strictObject({ n: z.int() })),
};
const before = z.strictObject(shape);
const old = {
  id: 'c0ffee00-0000-4000-8000-000000000001',
  kind: 'a' as const,
  note: 'n',
  name: 'Ada',
  many: [{ n: 1 }],
};

interface Change {
  readonly what: string;
  readonly after: z.ZodType<object>;
  /** What the new writer writes. */
  readonly data: object;
}
interface Breaking extends Change {
  /** Written before, where it is not `old`. */
  readonly earlier?: object;
  /** What the check must name. */
  readonly named: string;
  /** Who cannot read whose data, or reads less than was promised. */
  readonly suffers: 'the former reader' | 'the new reader, of what was written before' | 'who relied on it';
}

const without = (name: keyof typeof old): object =>
  Object.fromEntries(Object.entries(old).filter(([field]) => field !== name));
const former = 'the former reader';
const later = 'the new reader, of what was written before';

const breaking: readonly Breaking[] = [
  {
    what: 'a field taken away',
    after: before.omit({ note: true }),
    data: without('note'),
    named: '$/note',
    suffers: 'who relied on it',
  },
  {
    what: 'a required field taken away',
    after: before.omit({ id: true }),
    data: without('id'),
    named: '$/id',
    suffers: former,
  },
  {
    what: 'a field renamed',
    after: before.omit({ id: true }).extend({ key: z.uuid().optional() }),
    data: { ...without('id'), key: old.id },
    named: '$/id',
    suffers: former,
  },
  {
    what: 'a new required field',
    after: before.extend({ more: z.string() }),
    data: { ...old, more: 'm' },
    named: '$/more',
    suffers: later,
  },
  {
    what: 'a field that may be absent now',
    after: before.extend({ id: z.uuid().optional() }),
    data: without('id'),
    named: '$/id',
    suffers: former,
  },
  {
    what: 'a field that may not be absent any more',
    after: before.extend({ note: z.string() }),
    data: old,
    named: '$/note',
    earlier: without('note'),
    suffers: later,
  },
  {
    what: 'another type',
    after: before.extend({ note: z.number().optional() }),
    data: { ...old, note: 1 },
    named: '$/note',
    suffers: former,
  },
  {
    what: 'another format',
    after: before.extend({ id: z.email() }),
    data: { ...old, id: 'a@example.com' },
    named: '$/id',
    suffers: former,
  },
  {
    what: 'a new value of a closed list',
    after: before.extend({ kind: z.enum(['a', 'b', 'c']) }),
    data: { ...old, kind: 'c' },
    named: '$/kind',
    suffers: former,
  },
  {
    what: 'a value taken out of a closed list',
    after: before.extend({ kind: z.enum(['b']) }),
    data: { ...old, kind: 'b' },
    named: '$/kind',
    suffers: later,
  },
  {
    what: 'null where there was none',
    after: before.extend({ id: z.uuid().nullable() }),
    data: { ...old, id: null },
    named: '$/id',
    suffers: former,
  },
  {
    what: 'a change in an element of an array',
    after: before.extend({ many: z.array(z.strictObject({ n: z.string() })) }),
    data: { ...old, many: [{ n: '1' }] },
    named: '$/many/items/n',
    suffers: former,
  },
  {
    what: 'a change in a part that has a name',
    after: before.extend({ many: z.array(z.strictObject({ n: z.string() }).meta({ id: 'Other' })) }),
    data: { ...old, many: [{ n: '1' }] },
    named: '$/many/items/n',
    suffers: former,
  },
  {
    what: 'a field that may be erased now',
    after: before.extend({ id: personal(z.uuid(), account) }),
    data: { ...old, id: ERASED },
    named: '$/id',
    suffers: former,
  },
];

const tolerated: readonly Change[] = [
  { what: 'nothing', after: before, data: old },
  {
    what: 'a new field that may be absent',
    after: before.extend({ more: z.string().optional() }),
    data: { ...old, more: 'm' },
  },
  {
    what: 'a new personal field that may be absent',
    after: before.extend({ alias: personal(z.string(), account).optional() }),
    data: { ...old, alias: 'A.' },
  },
  {
    what: 'a new field in an element of an array',
    after: before.extend({ many: z.array(z.strictObject({ n: z.int(), of: z.int().optional() })) }),
    data: { ...old, many: [{ n: 1, of: 2 }] },
  },
  {
    what: 'a name for a part',
    after: before.extend({ many: z.array(z.strictObject({ n: z.int() }).meta({ id: 'Part' })) }),
    data: old,
  },
  { what: 'words for people', after: before.describe('What happened'), data: old },
  {
    what: 'the order of fields',
    after: z.strictObject(Object.fromEntries(Object.entries(shape).reverse())),
    data: old,
  },
];

describe('a change of a contract', () => {
  it.each(breaking)('is refused: $what', ({ after, named, data, suffers, earlier = old }) => {
    expect(breaks(schemaOf(before), schemaOf(after))).toContainEqual(expect.stringContaining(named));
    expect(after.safeParse(data).success).toBe(true);
    // And rightly: here is somebody who would suffer by it.
    const formerReads = readerOf(before).safeParse(data);
    if (suffers === former) expect(formerReads.success).toBe(false);
    else if (suffers === later) expect(readerOf(after).safeParse(earlier).success).toBe(false);
    else expect(formerReads.data).not.toEqual(old);
  });

  it.each(tolerated)('is let through: $what', ({ after, data }) => {
    expect(breaks(schemaOf(before), schemaOf(after))).toEqual([]);
    expect(after.safeParse(data).success).toBe(true);
    // The former reader finds what it knew in what is written now, and the new one reads what was written before.
    expect(readerOf(before).parse(data)).toEqual(old);
    expect(readerOf(after).parse(old)).toEqual(old);
  });

  it('is let through: any JSON value, said in another way', () => {
    const [plain, named] = [z.json(), jsonValue].map((any) =>
      z.toJSONSchema(before.extend({ any }), { io: 'input', unrepresentable: 'any' }),
    );
    expect(breaks(plain as JsonSchema, named as JsonSchema)).toEqual([]);
  });

  it.each([
    ['taken away', before.extend({ name: z.string() }), '$: the mark of name was'],
    [
      'changed',
      before.extend({ name: personal(z.string(), { ...account, subject: 'id' }) }),
      '$: the mark of name was',
    ],
    ['set later', before.extend({ id: personal(z.uuid(), account) }), '$: the mark of id was absent'],
  ])('is refused: a mark %s', (_, after, line) => {
    expect(breaks(schemaOf(before), schemaOf(after))).toContainEqual(expect.stringContaining(line));
  });
});

function readerOf(schema: z.ZodType<object>): z.ZodType<object> {
  return contract({ type: 'vouchsafe.identity.changed.v1', summary: '', schema }).reader;
}

function schemaOf(schema: z.ZodType): JsonSchema {
  const marks = personalFields(schema).map(({ path, ...mark }) => ({ path: path.join('.'), ...mark }));
  return { ...(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema), 'x-personal': marks };
}
