import fc from 'fast-check';
import { z } from 'zod';

/**
 * Data that a schema accepts, at random: of the part of zod that events and contracts are written in. A personal field is a union with
 * `ERASED`, so that comes up by itself.
 * @throws for a kind of schema that it does not know: whatever is checked with it would not be checked
 */
export function arbitraryOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodObject) return objectOf(schema.shape);
  if (schema instanceof z.ZodUnion) return fc.oneof(...(schema.options as z.ZodType[]).map(arbitraryOf));
  if (schema instanceof z.ZodNullable) return fc.option(arbitraryOf(schema.unwrap() as z.ZodType));
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly)
    return arbitraryOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodArray)
    return fc
      .array(arbitraryOf(schema.element as z.ZodType), { minLength: 1, maxLength: 3 })
      .filter((value) => schema.safeParse(value).success);
  if (schema instanceof z.ZodRecord)
    return fc.dictionary(fc.string({ minLength: 1 }), arbitraryOf(schema.valueType as z.ZodType), {
      maxKeys: 3,
    });
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodNull) return fc.constant(null);
  return leafOf(schema).filter((value) => schema.safeParse(value).success);
}

function objectOf(shape: Readonly<Record<string, z.ZodType>>): fc.Arbitrary<unknown> {
  const fields = Object.entries(shape);
  const required = fields.filter(([, field]) => !(field instanceof z.ZodOptional)).map(([name]) => name);
  return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, arbitraryOf(field)])), {
    requiredKeys: required,
  });
}

function leafOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  const { type, format, pattern, minimum, maximum } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  if (type === 'integer') {
    const [min, max] = [minimum ?? Number.MIN_SAFE_INTEGER, maximum ?? Number.MAX_SAFE_INTEGER];
    const small = Math.min(Math.max(min, 1), max);
    return fc.oneof(fc.integer({ min: small, max: Math.min(max, small + 1_000) }), fc.constantFrom(min, max));
  }
  if (type === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true });
  if (type === undefined) return fc.jsonValue();
  if (type !== 'string') throw new Error(`Nothing is known of a ${String(type)}`);
  if (format === 'uuid') return fc.uuid({ version: 4 });
  if (format === 'email') return fc.stringMatching(/^[a-z]{1,8}$/).map((name) => `${name}@example.com`);
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map((at) => at.toISOString());
  return pattern === undefined ? fc.string({ minLength: 1 }) : fc.stringMatching(new RegExp(pattern));
}
