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
const forPeople = new Set(['title', 'description', '$schema', 'examples']);

/**
 * What of a contract's version would break somebody: a reader of today's data with yesterday's schema, or of yesterday's
 * data (on the bus, in a backlog) with today's. What may change is little: a new field that may be absent, and words for people.
 * @returns a line for each break, with the path of the field; empty when there is none
 */
export function breaks(before: JsonSchema, after: JsonSchema, path = '$'): string[] {
  const found = [];
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const keyword of keywords) {
    if (forPeople.has(keyword)) continue;
    const [old, now] = [before[keyword], after[keyword]];
    if (keyword === 'properties') found.push(...propertyBreaks(before, after, path));
    else if (keyword === 'required') continue;
    else if (isSchema(old) && isSchema(now)) found.push(...breaks(old, now, `${path}/${keyword}`));
    else if (areSchemas(old) && areSchemas(now) && old.length === now.length) {
      found.push(...old.flatMap((one, index) => breaks(one, now[index] ?? {}, `${path}/${keyword}/${index}`)));
    } else if (JSON.stringify(old) !== JSON.stringify(now)) {
      found.push(`${path}: ${keyword} was ${JSON.stringify(old ?? 'absent')} and is ${JSON.stringify(now ?? 'absent')}`);
    }
  }
  return found;
}

function propertyBreaks(before: JsonSchema, after: JsonSchema, path: string): string[] {
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
      found.push(...breaks(was, is, place));
    } else if (was) {
      found.push(`${place}: is gone`);
    } else if (isRequired) {
      found.push(`${place}: is new and required, and older messages lack it`);
    } else if (before.additionalProperties === false) {
      found.push(`${place}: is new, and yesterday's readers refuse fields that they do not know`);
    }
  }
  return found;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areSchemas(value: unknown): value is readonly JsonSchema[] {
  return Array.isArray(value) && value.every(isSchema);
}
