/** The part of JSON Schema that zod writes and that is compared. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly [keyword: string]: unknown;
}

/** Keywords that only people read. */
const forPeople = new Set(['title', 'description', '$schema', 'examples', 'x-marked-later']);

/** Not compared by name: what a reference leads to is compared where it stands. */
const definitions = new Set(['$ref', '$defs']);

/** The two documents that references lead into, and the pairs that are being compared: a schema may contain itself. */
interface Roots {
  readonly before: JsonSchema;
  readonly after: JsonSchema;
  readonly open: Set<string>;
}

/** A personal mark as it stands beside a schema (`x-personal`). */
interface Mark {
  readonly path: string;
}

/**
 * What of a version would break somebody: a reader of today's data with yesterday's schema, or of yesterday's data (on the bus, in a
 * backlog, in the store) with today's. Readers pass over fields that they do not know, so a field that may be absent may come, marked or
 * not, and so may words for people; nothing may go, be renamed, be of another type, or take more or fewer values than it did.
 * @returns a line for each break, with the path of the field; empty when there is none
 */
export function breaks(before: JsonSchema, after: JsonSchema): string[] {
  return breaksAt(before, after, '$', { before, after, open: new Set() });
}

function breaksAt(one: JsonSchema, other: JsonSchema, path: string, roots: Roots): string[] {
  const pair = `${refOf(one) ?? path} ${refOf(other) ?? path}`;
  if (roots.open.has(pair)) return [];
  if (refOf(one) !== undefined || refOf(other) !== undefined) roots.open.add(pair);
  const [before, after] = [resolved(one, roots.before), resolved(other, roots.after)];
  const found = [];
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const keyword of keywords) {
    // Whether unknown fields are refused concerns whoever writes; a reader leaves them out either way.
    if (
      forPeople.has(keyword) ||
      definitions.has(keyword) ||
      (keyword === 'additionalProperties' && isUnknowing(before, after))
    )
      continue;
    const [old, now] = [before[keyword], after[keyword]];
    if (keyword === 'properties') found.push(...propertyBreaks(before, after, path, roots));
    else if (keyword === 'required') continue;
    else if (keyword === 'x-personal') found.push(...markBreaks(before, after, path));
    else if (isSchema(old) && isSchema(now)) found.push(...breaksAt(old, now, `${path}/${keyword}`, roots));
    else if (areSchemas(old) && areSchemas(now) && old.length === now.length) {
      found.push(
        ...old.flatMap((one, index) => breaksAt(one, now[index] ?? {}, `${path}/${keyword}/${index}`, roots)),
      );
    } else if (JSON.stringify(old) !== JSON.stringify(now)) {
      found.push(
        `${path}: ${keyword} was ${JSON.stringify(old ?? 'absent')} and is ${JSON.stringify(now ?? 'absent')}`,
      );
    }
  }
  return found;
}

function propertyBreaks(before: JsonSchema, after: JsonSchema, path: string, roots: Roots): string[] {
  const [old, now] = [before.properties ?? {}, after.properties ?? {}];
  const found = [];
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const [was, is] = [old[name], now[name]];
    const wasRequired = before.required?.includes(name) ?? false;
    const isRequired = after.required?.includes(name) ?? false;
    const place = `${path}/${name}`;
    if (was && is) {
      if (wasRequired && !isRequired) found.push(`${place}: may be absent now, and readers count on it`);
      if (!wasRequired && isRequired) found.push(`${place}: is required now, and older messages lack it`);
      found.push(...breaksAt(was, is, place, roots));
    } else if (was) {
      found.push(`${place}: is gone`);
    } else if (isRequired) {
      found.push(`${place}: is new and required, and older messages lack it`);
    }
  }
  return found;
}

/** The marks of fields that were there stay as they are: what was sealed by them is opened by them. */
function markBreaks(before: JsonSchema, after: JsonSchema, path: string): string[] {
  const [old, now] = [marksOf(before), marksOf(after)];
  const known = new Set(leavesOf(before));
  const paths = new Set([...old.keys(), ...now.keys()]);
  return [...paths].flatMap((place) => {
    const [was, is] = [old.get(place), now.get(place)];
    if (was === is || (was === undefined && !known.has(place))) return [];
    return [`${path}: the mark of ${place} was ${was ?? 'absent'} and is ${is ?? 'absent'}`];
  });
}

function marksOf(schema: JsonSchema): Map<string, string> {
  const marks = (schema['x-personal'] ?? []) as readonly Mark[];
  return new Map(marks.map((mark) => [mark.path, JSON.stringify(mark)]));
}

/** Paths of all fields, as marks name them. */
function leavesOf(schema: JsonSchema, path: readonly string[] = []): string[] {
  const { additionalProperties } = schema;
  return [
    path.join('.'),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => leavesOf(field, [...path, name])),
    ...(schema.items ? leavesOf(schema.items, [...path, '*']) : []),
    ...(schema.anyOf ?? []).flatMap((option) => leavesOf(option, path)),
    ...(isSchema(additionalProperties) ? leavesOf(additionalProperties, [...path, '*']) : []),
  ];
}

function refOf({ $ref }: JsonSchema): string | undefined {
  return typeof $ref === 'string' ? $ref : undefined;
}

/** What a reference into `$defs` leads to, with what stands beside the reference. */
function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = refOf(schema)?.replace('#/$defs/', '');
  if (name === undefined) return schema;
  const target = (root.$defs as Readonly<Record<string, JsonSchema>> | undefined)?.[name];
  if (!target) throw new Error(`A reference leads nowhere: ${name}`);
  return { ...withoutEveryType(resolved(target, root), refOf(schema)), ...schema };
}

/** A union of every type of JSON, lists and objects of itself included, allows anything: it says as little as no union. */
function withoutEveryType({ anyOf, ...schema }: JsonSchema, ref: string | undefined): JsonSchema {
  const types = (anyOf ?? []).map(({ type, items, additionalProperties }) => {
    const inner = type === 'array' ? items : type === 'object' ? additionalProperties : undefined;
    return isSchema(inner) && refOf(inner) !== ref ? 'another' : type;
  });
  const every = ['array', 'boolean', 'null', 'number', 'object', 'string'].every((type) =>
    types.includes(type),
  );
  return anyOf === undefined || every ? schema : { anyOf, ...schema };
}

function isUnknowing(before: JsonSchema, after: JsonSchema): boolean {
  return [before, after].every(
    ({ additionalProperties: more }) => more === undefined || typeof more === 'boolean',
  );
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areSchemas(value: unknown): value is readonly JsonSchema[] {
  return Array.isArray(value) && value.every(isSchema);
}
