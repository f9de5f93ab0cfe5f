import { z } from 'zod';

/**
 * The schema for a reader: fields that it does not know are left out, in objects at every depth. All else stays as strict as it is: a
 * value that the reader cannot understand must stop it.
 */
export function tolerant<Schema extends z.ZodType>(schema: Schema): z.ZodType<z.output<Schema>> {
  // What is rebuilt accepts more than `schema` and gives the same.
  return rebuilt(schema) as z.ZodType<z.output<Schema>>;
}

function rebuilt(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const shape = Object.fromEntries(
      Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => [
        name,
        rebuilt(field),
      ]),
    );
    const { catchall, ...definition } = schema.def;
    return schema.clone(catchall instanceof z.ZodNever ? { ...definition, shape } : { ...schema.def, shape });
  }
  if (schema instanceof z.ZodArray)
    return schema.clone({ ...schema.def, element: rebuilt(schema.element as z.ZodType) });
  if (schema instanceof z.ZodRecord)
    return schema.clone({ ...schema.def, valueType: rebuilt(schema.valueType as z.ZodType) });
  if (schema instanceof z.ZodDiscriminatedUnion)
    return schema.clone({
      ...schema.def,
      options: (schema.options as z.ZodObject[]).map((option) => rebuilt(option)),
    });
  if (schema instanceof z.ZodUnion) {
    const options = schema.options as z.ZodType[];
    // What fits an alternative as it stands is that one: `{"erased":true}` is no object that lacks all else.
    return schema.clone({ ...schema.def, options: [...options, ...options.map(rebuilt)] });
  }
  if (schema instanceof z.ZodTuple)
    return schema.clone({ ...schema.def, items: (schema.def.items as z.ZodType[]).map(rebuilt) });
  if (isWrapper(schema))
    return schema.clone({ ...schema.def, innerType: rebuilt(schema.unwrap() as z.ZodType) } as never);
  return schema;
}

/** Paths of objects that let fields through that they do not know. */
export function looseObjectsIn(schema: z.ZodType, path = '$'): string[] {
  if (schema instanceof z.ZodObject) {
    const below = Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
      looseObjectsIn(field, `${path}.${name}`),
    );
    return schema.def.catchall instanceof z.ZodNever ? below : [path, ...below];
  }
  if (schema instanceof z.ZodArray) return looseObjectsIn(schema.element as z.ZodType, `${path}.*`);
  if (schema instanceof z.ZodRecord) return looseObjectsIn(schema.valueType as z.ZodType, `${path}.*`);
  if (schema instanceof z.ZodUnion)
    return (schema.options as z.ZodType[]).flatMap((option) => looseObjectsIn(option, path));
  if (schema instanceof z.ZodTuple)
    return (schema.def.items as z.ZodType[]).flatMap((item, index) =>
      looseObjectsIn(item, `${path}.${index}`),
    );
  return isWrapper(schema) ? looseObjectsIn(schema.unwrap() as z.ZodType, path) : [];
}

function isWrapper(
  schema: z.ZodType,
): schema is z.ZodOptional | z.ZodNullable | z.ZodDefault | z.ZodReadonly {
  return (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodReadonly
  );
}
