import { isErased, type PersonalField } from '@vouchsafe/event-sourcing';
import { lengthPrefixed } from './aead.js';

/** One personal value in a piece of data. */
export interface PersonalValue {
  readonly value: unknown;
  /** The person it is about; `null` where nobody is known. */
  readonly subjectId: string | null;
  /** It may stand in clear: its field was marked when it had been written. */
  readonly mayBeClear: boolean;
  /** Where it stands, as one unambiguous part of its associated data. */
  readonly path: string;
  readonly replace: (value: unknown) => void;
}

/** Every personal value that is present and not erased, once, whichever alternatives of a union name it. */
export function personalValues(fields: readonly PersonalField[], data: object): PersonalValue[] {
  const values = new Map<string, PersonalValue>();
  for (const field of fields) {
    for (const value of valuesAt(field, field.path, data, [])) {
      if (!isErasedAlone(value.value) && !values.has(value.path)) values.set(value.path, value);
    }
  }
  return [...values.values()];
}

/** `{"erased":true}` and nothing beside it that would then stay in clear. */
function isErasedAlone(value: unknown): boolean {
  return isErased(value) && Object.keys(value).length === 1;
}

interface Step {
  readonly parent: object;
  readonly name: string;
}

function* valuesAt(
  field: PersonalField,
  rest: readonly string[],
  at: unknown,
  steps: readonly Step[],
): Generator<PersonalValue> {
  const [name, ...further] = rest;
  if (name === undefined) {
    yield personalValue(field, at, steps);
    return;
  }
  if (typeof at !== 'object' || at === null) return;
  for (const step of name === '*' ? Object.keys(at) : [name]) {
    const inner: unknown = Object.hasOwn(at, step) ? (at as Record<string, unknown>)[step] : undefined;
    if (inner !== undefined) yield* valuesAt(field, further, inner, [...steps, { parent: at, name: step }]);
  }
}

function personalValue(field: PersonalField, value: unknown, steps: readonly Step[]): PersonalValue {
  const last = steps.at(-1);
  if (!last) throw new Error('A personal value must be a field of the data, not the data as a whole');
  return {
    value,
    subjectId: subjectOf(field, steps),
    mayBeClear: field.storedClear ?? false,
    path: lengthPrefixed(steps.map(({ name }) => name)),
    replace: (replacement) => Object.assign(last.parent, { [last.name]: replacement }),
  };
}

/** The nearest field of that name, from the value outwards. */
function subjectOf({ subject, path }: PersonalField, steps: readonly Step[]): string | null {
  if (subject === null) return null;
  for (const { parent } of steps.toReversed()) {
    if (!Object.hasOwn(parent, subject)) continue;
    const id = (parent as Record<string, unknown>)[subject];
    if (id === null || (typeof id === 'string' && id !== '')) return id;
    throw new Error(`Field ${subject}, the subject of ${path.join('.')}, is neither an id nor null`);
  }
  // Falling back on the monthly key would put the value out of reach of its subject's erasure (P10).
  throw new Error(`No field ${subject}, the subject of ${path.join('.')}`);
}
