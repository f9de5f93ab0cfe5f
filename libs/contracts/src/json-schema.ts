import { z } from 'zod';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

const anyJson = z.json();

/**
 * Any JSON value, by a name, and in JSON Schema by the plainest schema that says so: `z.json()` becomes a nameless union of itself, which
 * AsyncAPI's parser and client generators refuse.
 */
export const jsonValue = z
  .custom<Json>((value) => anyJson.safeParse(value).success, 'must be a JSON value')
  .meta({ id: 'JsonValue', description: 'Any JSON value' });

export interface JsonSchemaOptions {
  /** What a sender may send, or what a reader gets: a field with a default may be absent in the one, and never is in the other. */
  readonly io: 'input' | 'output';
  /** AsyncAPI's own schemas are of draft 7. */
  readonly target?: 'draft-2020-12' | 'draft-7';
}

/**
 * A schema for other people's programs: complete in itself; whatever refers to itself or has an id stands under `$defs` (draft 7:
 * `definitions`) by that name.
 * @throws Error for a recursive schema without a name
 */
export function jsonSchemaOf(
  schema: z.ZodType,
  { io, target = 'draft-2020-12' }: JsonSchemaOptions,
): Record<string, Json> {
  const json = z.toJSONSchema(schema, {
    ...{ io, target, unrepresentable: 'any' },
    // Zod drops examples where something is transformed, for they may be of the output. Ours are what is sent.
    override: ({ zodSchema, jsonSchema }) => {
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (io === 'input' && examples !== undefined) Object.assign(jsonSchema, { examples });
    },
  }) as Record<string, Json>;
  // The document that it becomes a part of says which dialect it is.
  delete json.$schema;
  const names = Object.keys({
    ...(json.$defs as object | undefined),
    ...(json.definitions as object | undefined),
  });
  const nameless = names.find((name) => name.startsWith('__schema'));
  if (nameless !== undefined)
    throw new Error(
      `A recursive schema has no name: use jsonValue for z.json(), \`.meta({ id })\` for others`,
    );
  return json;
}
