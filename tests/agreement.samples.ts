import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Schema = Readonly<Record<string, Json>>;

/** Values that fit a schema, as far as its own words lead to them: patterns, lengths to both ends, lists of any of its values. */
export function fitting(schema: Schema, schemas: Readonly<Record<string, Schema>>): fc.Arbitrary<Json> {
  const inner = (value: Json | undefined) => fitting((value ?? {}) as Schema, schemas);
  if (typeof schema.$ref === 'string') return inner(schemas[schema.$ref.split('/').at(-1) ?? '']);
  const values = (schema.enum ?? (schema.const === undefined ? undefined : [schema.const])) as
    Json[] | undefined;
  if (values) return fc.constantFrom(...values);
  const union = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (union) return fc.oneof(...union.map(inner));
  const types = [schema.type].flat() as (string | undefined)[];
  return fc.oneof(...types.map((type) => ofType(type, schema, inner)));
}

function ofType(
  type: string | undefined,
  schema: Schema,
  inner: (value: Json | undefined) => fc.Arbitrary<Json>,
) {
  switch (type) {
    case 'string':
      return textFor(schema);
    case 'integer':
    case 'number':
      return fc.integer({ min: Number(schema.minimum ?? -1000), max: Number(schema.maximum ?? 1000) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(inner(schema.items), { minLength: Number(schema.minItems ?? 0), maxLength: 3 });
    case 'object':
      return objectFor(schema, inner);
    default:
      return fc.jsonValue() as fc.Arbitrary<Json>;
  }
}

function textFor({ pattern, minLength = 0, maxLength = 300 }: Schema): fc.Arbitrary<string> {
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern, 'u'), { size: 'medium' });
  const [least, most] = [Number(minLength), Math.min(Number(maxLength), 20_000)];
  return fc.oneof(
    fc.string({ minLength: least, maxLength: Math.min(most, 40), unit: 'binary' }),
    // To the letter at both ends, of one code unit each or two.
    fc.tuple(fc.constantFrom('x', 'é', '😀'), fc.constantFrom(least, most)).map(([one, n]) => one.repeat(n)),
  );
}

function objectFor(
  schema: Schema,
  inner: (value: Json | undefined) => fc.Arbitrary<Json>,
): fc.Arbitrary<Json> {
  const { properties, required, additionalProperties, propertyNames } = schema;
  const known = Object.entries((properties ?? {}) as Record<string, Json>);
  const fixed = fc.record(Object.fromEntries(known.map(([name, value]) => [name, inner(value)])), {
    requiredKeys: (required ?? []) as string[],
  }) as fc.Arbitrary<Record<string, Json>>;
  if (!additionalProperties) return fixed;
  const names = inner(propertyNames).filter((name) => typeof name === 'string' && name !== '__proto__');
  return fc
    .tuple(fixed, fc.array(fc.tuple(names, inner(additionalProperties)), { maxLength: 3 }))
    .map(([some, more]) => ({ ...some, ...(Object.fromEntries(more) as Record<string, Json>) }));
}

/** What people and programs send by mistake, or on purpose; each is put at each place of a value that fits. */
export const hostile: readonly Json[] = [
  ...[
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    [],
    {},
    [null],
    { surplus: 1 },
    '',
    ' ',
    '\t\n',
    '\u00a0',
    '\u3000',
    '\ufeff',
  ],
  ...[
    'x',
    ' x ',
    'x\n',
    '€'.repeat(100),
    'a\u0085b',
    'a\u2028b',
    'x\u0001',
    'x\u00adx',
    'x\u200b',
    '\u202ex',
    'x\u2066x',
    '\u0646\u0648\u200c\u0646',
    'x\u200d',
    '\u3164',
    'x\u{e0041}',
    '😀',
    '0',
    '01',
    '1e1',
    '0x10',
    '1.0',
    ' 5',
    '+5',
    '-0',
    'null',
  ],
  ...['200', '201', '1000', '1001', '9007199254740991', '9007199254740992', '99999999999999999999'],
  ...[
    '1.2.3.4',
    '1.2.3',
    '01.2.3.4',
    '256.1.1.1',
    '::',
    '::1',
    '1::',
    '::ffff:1.2.3.4',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
  ],
  ...[
    '::2:3:4:5:6:7:8',
    '1:2:3:4:5:6:1.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    'fe80::1%eth0',
    '1::2::3',
    '12345::',
    '[::1]',
    '::ffff:1.2.3',
  ],
  ...[
    'a@b.co',
    'A.b+c@sub.example.com',
    'a@b',
    'a@-b.co',
    'a@b-.co',
    '.a@b.co',
    'a..b@c.de',
    "o'neil@x.org",
    'ä@b.co',
    ' a@b.co',
  ],
  ...[
    '2026-11-28',
    '2026-02-30',
    '2026-02-29',
    '2024-02-29',
    '1969-12-31',
    '9999-12-31',
    '2026-11-28T10:00:00Z',
    '2026-11-28T10:00Z',
  ],
  ...[
    '2026-11-28T10:00:00.123456789Z',
    '2026-11-28T10:00:00+01:00',
    '2026-11-28t10:00:00z',
    '2026-11-28T24:00:00Z',
    '2026-12-31T23:59:60Z',
  ],
  ...[
    '1970-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00Z',
    '2026-11-28 10:00:00Z',
    '2026-11-28T10:00:00',
  ],
  ...[
    '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99',
    '5B0C7CBD-6B3C-4F0A-9A0E-1F4B7F1D2C99',
    '{5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99}',
  ],
  ...[
    '5b0c7cbd6b3c4f0a9a0e1f4b7f1d2c99',
    '5b0c7cbd-6b3c-9f0a-9a0e-1f4b7f1d2c99',
    '00000000-0000-0000-0000-000000000000',
  ],
  ...[
    '123456',
    '１２３４５６',
    '12345',
    'abc=',
    'a.b',
    'a b',
    '__proto__',
    'constructor',
    'details.a.b',
    'x'.repeat(255),
    'x'.repeat(20_001),
  ],
];

/** The value with another at each of its places in turn, with a field more, and with each field left out. */
export function variations(value: Json, replacements: readonly Json[]): Json[] {
  const whole = replacements.filter((one) => JSON.stringify(one) !== JSON.stringify(value));
  if (Array.isArray(value)) {
    const inner = value.slice(0, 1).flatMap((one) => variations(one, replacements));
    return [...whole, [...value, ...value], ...inner.map((one) => [one, ...value.slice(1)])];
  }
  if (typeof value !== 'object' || value === null) return whole;
  const fields = Object.entries(value);
  return [
    ...whole,
    { ...value, surplus: 'x' },
    ...fields.map(([name]) => Object.fromEntries(fields.filter(([other]) => other !== name))),
    ...fields.flatMap(([name, one]) =>
      variations(one, replacements).map((other) => ({ ...value, [name]: other })),
    ),
  ];
}
