/**
 * @promise P05 (main) every personal field says the purpose that it is kept for
 * @promise P18 (main) the mark of a personal field: its purpose and its subject
 */
import { z } from 'zod';

/** What a personal field reads as once its subject's key is destroyed. */
export const ERASED = Object.freeze({ erased: true } as const);
export type Erased = typeof ERASED;
export type Personal<T> = T | Erased;

export function isErased(value: unknown): value is Erased {
  return typeof value === 'object' && value !== null && 'erased' in value && value.erased === true;
}

/** Why a personal value is kept (P05, P18); the data inventory prints these. */
export type Purpose =
  'account' | 'authentication' | 'contract' | 'security' | 'audit-trail' | 'communication';

export interface PersonalMark {
  readonly purpose: Purpose;
  /**
   * Name of the field, in the same object or one around it, that holds the id of the person whom the value is about;
   * `null` where nobody is known (then the organization's monthly key seals it).
   */
  readonly subject: string | null;
}

const marks = new WeakMap<object, PersonalMark & Pick<PersonalField, 'storedClear'>>();

/**
 * Marks a field of an event, a contract or a read model as personal data (ARCHITECTURE.md, rule 6). The vault seals by this mark and
 * the data inventory (P18) is generated from it. The field's type gains `Erased`: code must say what it does then.
 */
export function personal<Schema extends z.ZodType>(schema: Schema, mark: PersonalMark) {
  const marked = z.union([schema, z.strictObject({ erased: z.literal(true) })]);
  marks.set(marked, mark);
  return marked;
}

/**
 * For a former version of an event: a field that was not marked then and is now. Its stored values are clear until the retention run
 * has sealed them in place; those of an erased subject read as `ERASED` all the same (P10).
 */
export function markedLater<Schema extends z.ZodType>(schema: Schema, mark: PersonalMark) {
  // A clear value must never be taken for a sealed one.
  if (schema.safeParse({ sealed: 'v1.1.AA' }).success)
    throw new Error('A value that looks like a sealed one cannot be marked later');
  const marked = personal(schema, mark);
  marks.set(marked, { ...mark, storedClear: true });
  return marked;
}

/** Whether a schema is one of `markedLater`: its values were written in clear. */
export function isMarkedLater(schema: object): boolean {
  return marks.get(schema)?.storedClear ?? false;
}

export interface PersonalField extends PersonalMark {
  /** The version was written before the field was marked: its values may stand in clear. */
  readonly storedClear?: true;
  /** Steps from the root to the value; `*` stands for each element of an array or each value of a record. */
  readonly path: readonly string[];
}

/** Every field of a schema that is marked personal, in the order of declaration. */
export function personalFields(schema: z.ZodType, path: readonly string[] = []): PersonalField[] {
  const mark = marks.get(schema);
  if (mark) return [{ ...mark, path }];
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
      personalFields(field, [...path, name]),
    );
  }
  if (schema instanceof z.ZodArray) return personalFields(schema.element as z.ZodType, [...path, '*']);
  if (schema instanceof z.ZodRecord) return personalFields(schema.valueType as z.ZodType, [...path, '*']);
  if (schema instanceof z.ZodUnion) {
    return (schema.options as z.ZodType[]).flatMap((option) => personalFields(option, path));
  }
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodReadonly
  ) {
    return personalFields(schema.unwrap() as z.ZodType, path);
  }
  return [];
}
