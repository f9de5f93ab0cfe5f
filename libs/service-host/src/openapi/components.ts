import type { Json, JsonObject } from '@vouchsafe/contracts';

type Paths = Record<string, Record<string, JsonObject>>;

/** Swagger points references to `$defs` at the components, but leaves the definitions where they were: they are taken there. */
export function liftedDefinitions(within: Json): JsonObject {
  if (Array.isArray(within)) return merged(within.map(liftedDefinitions));
  if (typeof within !== 'object' || within === null) return {};
  const own = (within.$defs ?? {}) as JsonObject;
  delete within.$defs;
  return merged([own, ...[...Object.values(own), ...Object.values(within)].map(liftedDefinitions)]);
}

function merged(some: readonly JsonObject[]): JsonObject {
  const all: JsonObject = {};
  for (const [name, schema] of some.flatMap((one) => Object.entries(one))) {
    if (name in all && JSON.stringify(all[name]) !== JSON.stringify(schema))
      throw new Error(`Two schemas are called ${name}: each needs an id of its own, \`.meta({ id })\``);
    all[name] = schema;
  }
  return all;
}

/**
 * Gives each body and each answer of JSON a name of its own, by its operation, where its schema has none: a generator would make one
 * up. The names go into `schemas`.
 */
export function withNamedSchemas(paths: Paths, schemas: JsonObject): Paths {
  const name = (content: Json | undefined, wanted: string): void => {
    const json = (content as Record<string, JsonObject> | undefined)?.['application/json'];
    if (!json?.schema || '$ref' in (json.schema as JsonObject)) return;
    if (wanted in schemas) throw new Error(`Two schemas are called ${wanted}`);
    schemas[wanted] = json.schema;
    json.schema = { $ref: `#/components/schemas/${wanted}` };
  };
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
    const prefix = pascal(operation['x-operation'] as string);
    name((operation.requestBody as JsonObject | undefined)?.content, `${prefix}Request`);
    const answers = Object.entries(operation.responses as Record<string, JsonObject>).filter(
      ([status, { content }]) => Number(status) < 400 && content,
    );
    for (const [status, { content }] of answers)
      name(content, `${prefix}Response${answers.length > 1 ? status : ''}`);
  }
  return paths;
}

/** `api-key.create`: `ApiKeyCreate` */
export function pascal(name: string): string {
  return name.replaceAll(/(?:^|[.-])(.)/g, (_, letter: string) => letter.toUpperCase());
}
