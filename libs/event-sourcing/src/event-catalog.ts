import type { z } from 'zod';
import { type PersonalField, personalFields } from './personal.js';

/** One event type of a stream: the schema is the event (house.md). */
export interface EventDefinition<Schema extends z.ZodType<object> = z.ZodType<object>> {
  /** Version of the schema that is written today; older ones are read through `upcasts`. */
  readonly version: number;
  /** Published events leave the service as contracts; private ones are named as such (house rule 5). */
  readonly visibility: 'published' | 'private';
  readonly schema: Schema;
  /** From each older version to the next one: `upcasts[1]` turns version 1 into version 2. */
  readonly upcasts?: Readonly<Record<number, (data: never) => object>>;
}

export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

export interface EventCatalog<Definitions extends EventDefinitions = EventDefinitions> {
  readonly definitions: Definitions;
  /** The personal fields of each type, worked out once. */
  readonly personal: Readonly<Record<string, readonly PersonalField[]>>;
}

/** The events of a catalog as a discriminated union of `{ type, data }`. */
export type EventOf<Catalog extends EventCatalog> = {
  [Type in keyof Catalog['definitions'] & string]: {
    readonly type: Type;
    readonly data: z.output<Catalog['definitions'][Type]['schema']>;
  };
}[keyof Catalog['definitions'] & string];

export function eventCatalog<const Definitions extends EventDefinitions>(
  definitions: Definitions,
): EventCatalog<Definitions> {
  for (const [type, definition] of Object.entries(definitions)) assertUpcastsAreComplete(type, definition);
  return {
    definitions,
    personal: Object.fromEntries(
      Object.entries(definitions).map(([type, { schema }]) => [type, personalFields(schema)]),
    ),
  };
}

/** A stored event that this code cannot read: the reader stops and says so, it never skips (house rule 5). */
export class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError';
}

/** Validates an event before it is written; a mismatch is a bug of the decider, so it throws. */
export function assertWritable(catalog: EventCatalog, type: string, data: object): EventDefinition {
  const definition = catalog.definitions[type];
  if (!definition) throw new Error(`No event type ${type} in the catalog`);
  const checked = definition.schema.safeParse(data);
  if (!checked.success) throw new Error(`Event ${type} does not fit its schema: ${issuesOf(checked.error)}`);
  return definition;
}

/** Brings a stored event up to today's version and checks it. */
export function readEvent(
  catalog: EventCatalog,
  type: string,
  schemaVersion: number,
  stored: object,
): { type: string; data: object } {
  const definition = catalog.definitions[type];
  if (!definition) throw new UnreadableEventError(`Unknown event type ${type}`);
  if (schemaVersion > definition.version) {
    throw new UnreadableEventError(
      `Event ${type} has version ${schemaVersion}, newer than ${definition.version}`,
    );
  }
  let data = stored;
  for (let version = schemaVersion; version < definition.version; version += 1) {
    const upcast = definition.upcasts?.[version];
    if (!upcast) throw new UnreadableEventError(`No upcast of ${type} from version ${version}`);
    data = upcast(data as never);
  }
  const checked = definition.schema.safeParse(data);
  if (!checked.success)
    throw new UnreadableEventError(`Stored ${type} is not readable: ${issuesOf(checked.error)}`);
  return { type, data: checked.data };
}

function assertUpcastsAreComplete(type: string, { version, upcasts }: EventDefinition): void {
  for (let from = 1; from < version; from += 1) {
    if (!upcasts?.[from])
      throw new Error(`Event ${type} is at version ${version} but has no upcast from ${from}`);
  }
}

/** Paths and codes only: values may be personal and stay out of errors (ASVS 16.2.5). */
function issuesOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.code}`).join('; ');
}
