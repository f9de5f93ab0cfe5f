import {
  type EventCatalog,
  type EventVersion,
  isMarkedLater,
  type PersonalField,
} from '@vouchsafe/event-sourcing';
import type { Publishing } from '@vouchsafe/event-store';
import { z } from 'zod';
import { breaks, type JsonSchema } from './compatibility.ts';
import { textOf } from './contracts.ts';
import type { GoldenFile } from './files.ts';

type Versions = Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;

/**
 * Every version of every event that a service has ever stored, as it is written: what was written by it must be opened and read by it
 * for ever. A change of a schema in place, or of a mark, is refused: it takes a new version.
 */
export function eventFile(service: string, publishing: readonly Pick<Publishing, 'catalog'>[]): GoldenFile {
  const now = Object.assign({}, ...publishing.map(({ catalog }) => versionsOf(catalog))) as Versions;
  return {
    path: `services/${service}/golden/events.json`,
    text: textOf(now),
    refuse: (before) => storedBreaks(JSON.parse(before) as Versions, now),
  };
}

export function storedBreaks(before: Versions, now: Versions): string[] {
  return Object.entries(before).flatMap(([type, versions]) =>
    Object.entries(versions).flatMap(([version, schema]) => {
      const today = now[type]?.[version];
      if (!today) return [`${type} version ${version} is gone, and events of it are stored`];
      return breaks(schema, today).map(
        (line) => `${type} version ${version}: ${line}. Events of it are stored: write the next version`,
      );
    }),
  );
}

export function versionsOf({ versions }: EventCatalog): Versions {
  return Object.fromEntries(
    Object.entries(versions).map(([type, all]) => [
      type,
      Object.fromEntries(all.map((version, index) => [String(index + 1), asWritten(version)])),
    ]),
  );
}

/** A field that was marked later stands without its mark: so it was written. */
function asWritten({ schema, personal }: EventVersion): JsonSchema {
  const written = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (!isMarkedLater(zodSchema)) return;
      const [clear] = jsonSchema.anyOf ?? [];
      delete jsonSchema.anyOf;
      Object.assign(jsonSchema, clear);
    },
  }) as JsonSchema;
  const later = personal.filter(({ storedClear }) => storedClear);
  return {
    ...written,
    'x-personal': personal.filter(({ storedClear }) => !storedClear).map(markOf),
    ...(later.length > 0 ? { 'x-marked-later': later.map(markOf) } : {}),
  };
}

function markOf({ path, purpose, subject }: PersonalField): object {
  return { path: path.join('.'), purpose, subject };
}
