import type { z } from 'zod';
import { type PersonalField, personalFields } from './personal.js';

/** One event type of a stream: the schema is the event (ARCHITECTURE.md, 'Changing an event'). */
export interface EventDefinition<Schema extends z.ZodType<object> = z.ZodType<object>> {
  /** Version of the schema that is written today. */
  readonly version: number;
  /** Published events leave the service as contracts; private ones are named as such (ARCHITECTURE.md, rule 5). */
  readonly visibility: 'published' | 'private';
  readonly schema: Schema;
  /** Every version that was written before, by its number: events live for years. */
  readonly former?: Readonly<Record<number, FormerVersion>>;
}

/** A version of an event that is stored and written no more. Made by `formerVersion`. */
export interface FormerVersion {
  /** The schema as it was, with its marks: what was sealed by them is opened by them. */
  readonly schema: z.ZodType<object>;
  /** From this version to the next one. Each personal value comes open, or as `ERASED`. */
  readonly upcast: (data: never) => object;
}

/** Ties an upcast to the schema that it reads, so that its parameter has that version's type. */
export function formerVersion<Schema extends z.ZodType<object>>(
  schema: Schema,
  upcast: (data: z.output<Schema>) => object,
): FormerVersion {
  return { schema, upcast };
}

export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** What is known of one version of an event type, worked out once. */
export interface EventVersion {
  readonly schema: z.ZodType<object>;
  /** By these the values of a stored event of this version are opened. */
  readonly personal: readonly PersonalField[];
  /** To the next version; absent from the one that is written today. */
  readonly upcast?: FormerVersion['upcast'];
}

export interface EventCatalog<Definitions extends EventDefinitions = EventDefinitions> {
  readonly definitions: Definitions;
  /** The personal fields of what is written today, by type. */
  readonly personal: Readonly<Record<string, readonly PersonalField[]>>;
  /** Every version of each type, version 1 first. */
  readonly versions: Readonly<Record<string, readonly EventVersion[]>>;
}

/** The events of a catalog as a discriminated union of `{ type, data }`. */
export type EventOf<Catalog extends EventCatalog> = {
  [Type in keyof Catalog['definitions'] & string]: {
    readonly type: Type;
    readonly data: z.output<Catalog['definitions'][Type]['schema']>;
  };
}[keyof Catalog['definitions'] & string];

/** @throws for a type of which a former version is missing: the service does not build a catalog that cannot read its own events */
export function eventCatalog<const Definitions extends EventDefinitions>(
  definitions: Definitions,
): EventCatalog<Definitions> {
  const types = Object.entries<EventDefinition>(definitions);
  const versions = Object.fromEntries(
    types.map(([type, definition]) => [type, versionsOf(type, definition)] as const),
  );
  return {
    definitions,
    versions,
    personal: Object.fromEntries(types.map(([type]) => [type, versions[type]?.at(-1)?.personal ?? []])),
  };
}

/** A stored event that this code cannot read: the reader stops and says so, it never skips (ARCHITECTURE.md, rule 5). */
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

/**
 * The fields by which a stored event is opened: those of the version it was written with, whatever later versions call them.
 * @throws UnreadableEventError for a type or version that the catalog does not know
 */
export function storedPersonalFields(
  catalog: EventCatalog,
  type: string,
  schemaVersion: number,
): readonly PersonalField[] {
  return versionOf(catalog, type, schemaVersion).personal;
}

/**
 * Brings a stored event, whose values are open or `ERASED`, up to today's version and checks it.
 * @throws UnreadableEventError for a type or version that the catalog does not know
 */
export function readEvent(
  catalog: EventCatalog,
  type: string,
  schemaVersion: number,
  stored: object,
): { type: string; data: object } {
  let version = versionOf(catalog, type, schemaVersion);
  let data = stored;
  for (let next = schemaVersion + 1; version.upcast; next += 1) {
    data = version.upcast(checked(version.schema, type, data) as never);
    version = versionOf(catalog, type, next);
  }
  return { type, data: checked(version.schema, type, data) };
}

function checked(schema: z.ZodType<object>, type: string, data: object): object {
  const read = schema.safeParse(data);
  if (!read.success)
    throw new UnreadableEventError(`A stored ${type} cannot be read: ${issuesOf(read.error)}`);
  return read.data;
}

function versionOf(catalog: EventCatalog, type: string, schemaVersion: number): EventVersion {
  const versions = Object.hasOwn(catalog.versions, type) ? catalog.versions[type] : undefined;
  if (!versions) throw new UnreadableEventError(`Unknown event type ${type}`);
  const version = versions[schemaVersion - 1];
  if (version) return version;
  throw new UnreadableEventError(
    `Event ${type} has version ${schemaVersion}, but this code knows versions 1 to ${versions.length}`,
  );
}

function versionsOf(type: string, { version, schema, former = {} }: EventDefinition): EventVersion[] {
  const past = Array.from({ length: version - 1 }, (_, index): EventVersion => {
    const known = former[index + 1];
    if (!known) {
      throw new Error(
        `Event ${type} is at version ${version}: version ${index + 1} needs its former schema and an upcast`,
      );
    }
    return { ...known, personal: personalFields(known.schema) };
  });
  const beyond = Object.keys(former).find((number) => Number(number) >= version);
  if (beyond !== undefined)
    throw new Error(`Event ${type} is at version ${version}: ${beyond} is not a former one`);
  const personal = personalFields(schema);
  const clear = personal.find(({ storedClear }) => storedClear);
  if (clear) {
    throw new Error(
      `Event ${type} would write ${clear.path.join('.')} in clear: markedLater() is for former versions`,
    );
  }
  return [...past, { schema, personal }];
}

/** Paths and codes only: values may be personal and stay out of errors (ASVS 16.2.5). */
export function issuesOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.code}`).join('; ');
}
