import {
  ERASED,
  type EventCatalog,
  isErased,
  type PersonalField,
  readEvent,
} from '@vouchsafe/event-sourcing';
import { subjectsInClear } from '@vouchsafe/vault';
import fc from 'fast-check';
import { arbitraryOf } from './arbitrary.ts';

const RUNS = 100;

/**
 * Rule 5 of ARCHITECTURE.md, for events that live for years: whatever was stored in an earlier version is read today, with any of its personal values
 * erased; and a value that is personal today was personal, or marked later, in every version before.
 * @returns a line for each version that breaks it
 */
export function upcastFaults(catalog: EventCatalog): string[] {
  return Object.entries(catalog.versions).flatMap(([type, versions]) =>
    versions.flatMap(({ schema, personal, upcast }, index) => {
      const at = `${type} version ${index + 1}`;
      const samples = fc.sample(arbitraryOf(schema), { numRuns: RUNS, seed: 20261128 }) as object[];
      const unowned = samples.map((data) => fault(() => subjectsInClear({ fields: personal, data })));
      if (!upcast) return first(at, unowned);
      const erased = samples.map((data) => withErased(data, personal));
      const one = personal.flatMap((field) => samples.map((data) => withErased(data, [field])));
      const unread = [...samples, ...one, ...erased].map((data) =>
        fault(() => readEvent(catalog, type, index + 1, data)),
      );
      const found = first(at, [...unowned, ...unread]);
      if (found.length > 0) return found;
      const next = versions[index + 1]?.personal ?? [];
      return first(
        at,
        erased.map((data) => leftOpen(upcast(data as never), next)),
      );
    }),
  );
}

function first(at: string, found: readonly (string | undefined)[]): string[] {
  const fault = found.find((line) => line !== undefined);
  return fault === undefined ? [] : [`${at}: ${fault}`];
}

function fault(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function withErased(data: object, fields: readonly PersonalField[]): object {
  const copy = structuredClone(data);
  for (const { path } of fields) {
    for (const { parent, name } of placesAt(copy, path)) Object.assign(parent, { [name]: ERASED });
  }
  return copy;
}

/** A personal field whose value is there and not erased, though every personal value of the version before was. */
function leftOpen(data: object, fields: readonly PersonalField[]): string | undefined {
  const open = fields.find(({ path }) => placesAt(data, path).some(({ value }) => !isErased(value)));
  return (
    open &&
    `${open.path.join('.')} of the next version comes from a field that is neither personal nor markedLater()`
  );
}

/** Where a path leads to in a piece of data, but for what is absent or null. */
function placesAt(
  data: unknown,
  path: readonly string[],
): { parent: object; name: string; value: unknown }[] {
  const [step, ...rest] = path;
  if (step === undefined || typeof data !== 'object' || data === null) return [];
  return (step === '*' ? Object.keys(data) : [step]).flatMap((name) => {
    const value: unknown = (data as Record<string, unknown>)[name];
    if (value === undefined || value === null) return [];
    return rest.length === 0 ? [{ parent: data, name, value }] : placesAt(value, rest);
  });
}
