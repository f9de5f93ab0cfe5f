import {
  type Decider,
  type DomainEvent,
  type EventCatalog,
  personalFields,
  type Rejected,
} from '@vouchsafe/event-sourcing';
import { z } from 'zod';

type AnyDecider = Decider<unknown, unknown, DomainEvent, Rejected>;

/** One folder of a service: what its `*.events.ts` and its deciders export. */
export interface Slice {
  readonly folder: string;
  readonly catalogs: readonly EventCatalog[];
  readonly deciders: readonly AnyDecider[];
}

/** Sorts what modules export into catalogs and deciders. */
export function sliceOf(folder: string, modules: readonly Readonly<Record<string, unknown>>[]): Slice {
  const exported = modules.flatMap((module) => Object.values(module));
  return { folder, catalogs: exported.filter(isCatalog), deciders: exported.filter(isDecider) };
}

/**
 * Rule 5 of ARCHITECTURE.md: every event type that is stored is evolved by a decider of its slice, and an unknown one stops it loudly. (Catalogs
 * without a decider are logs, written as they come.)
 */
export function evolutionFaults({ folder, catalogs, deciders }: Slice): string[] {
  if (deciders.length === 0) return [];
  const types = catalogs.flatMap(({ definitions }) => Object.keys(definitions));
  const unhandled = types.filter((type) => !deciders.some((decider) => evolves(decider, type, types)));
  const silent = deciders.filter((decider) => evolves(decider, 'an-event-that-nobody-ever-defined', types));
  return [
    ...unhandled.map((type) => `${folder}: no decider evolves ${type}`),
    ...silent.map(() => `${folder}: a decider skips an unknown event`),
  ];
}

/** Rule 5 of ARCHITECTURE.md: every catalog is known to the relay, which publishes its types or knows them as private. */
export function publishingFaults(slice: Slice, relayed: readonly EventCatalog[]): string[] {
  return slice.catalogs
    .filter((catalog) => !relayed.includes(catalog))
    .map(
      ({ definitions }) => `${slice.folder}: the relay does not know ${Object.keys(definitions).join(', ')}`,
    );
}

/** Rule 6 of ARCHITECTURE.md: a field whose name says that it holds personal data is marked `personal()` (P18). */
export function unmarkedPersonalFields(schema: z.ZodType): string[] {
  const marked = new Set(personalFields(schema).map(({ path }) => path.join('.')));
  return fieldsOf(schema)
    .filter(({ path, schema: field }) => sounds.test(path.at(-1) ?? '') && holdsText(field))
    .map(({ path }) => path.join('.'))
    .filter((path) => !marked.has(path));
}

/** Names of fields that hold what a person could be known by. */
const sounds =
  /^(e-?mail|name|(first|last|family|given|full|display|user)-?name|(source-?|remote-?)?ip|ip-?address|user-?agent|phone|address|birth-?date|date-?of-?birth|url|street|city)$/i;

function fieldsOf(
  schema: z.ZodType,
  path: readonly string[] = [],
): { path: readonly string[]; schema: z.ZodType }[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) => [
      { path: [...path, name], schema: field },
      ...fieldsOf(field, [...path, name]),
    ]);
  }
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element as z.ZodType, [...path, '*']);
  if (schema instanceof z.ZodUnion)
    return (schema.options as z.ZodType[]).flatMap((option) => fieldsOf(option, path));
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return fieldsOf(schema.unwrap() as z.ZodType, path);
  }
  return [];
}

/** A closed list or a literal cannot hold a person's own words. */
function holdsText(schema: z.ZodType): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return holdsText(schema.unwrap() as z.ZodType);
  }
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).some(holdsText);
  return schema instanceof z.ZodString || schema instanceof z.ZodStringFormat;
}

/** Whether no state that one event leads to calls the type unknown: many deciders ask first whether there is anything yet. */
function evolves(decider: AnyDecider, type: string, openings: readonly string[]): boolean {
  const opened = openings.map((opening) => attempt(decider, decider.initial, opening));
  const states = [decider.initial, ...opened.flatMap((result) => ('state' in result ? [result.state] : []))];
  return states.every((state) => !attempt(decider, state, type).unknown);
}

function attempt(decider: AnyDecider, from: unknown, type: string): { unknown: boolean; state?: unknown } {
  try {
    return { unknown: false, state: decider.evolve(from, { type, data: {} }) };
  } catch (error) {
    // Data that an event would have is missing here and may be missed; only "no such case" counts.
    return { unknown: error instanceof Error && error.message.startsWith('Unexpected case') };
  }
}

function isCatalog(value: unknown): value is EventCatalog {
  return typeof value === 'object' && value !== null && 'definitions' in value && 'personal' in value;
}

function isDecider(value: unknown): value is AnyDecider {
  return (
    typeof value === 'object' &&
    value !== null &&
    'initial' in value &&
    'decide' in value &&
    'evolve' in value
  );
}
