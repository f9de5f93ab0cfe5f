/** A small strict checker of what is about to be written as JSON. */
export type Shape<T> = (value: unknown) => value is T;
export type Shaped<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string> = (value) => typeof value === 'string';
/** A name or an id: short, and nothing in it that a terminal would obey or not show (controls, bidi marks, lone surrogates). */
export const printable: Shape<string> = (value): value is string =>
  text(value) && value.length > 0 && value.length <= 255 && !/\p{C}/u.test(value);
export const count: Shape<number> = (value): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

export function matching(pattern: RegExp): Shape<string> {
  return (value): value is string => text(value) && pattern.test(value);
}

export function oneOf<const T extends string | number>(...values: T[]): Shape<T> {
  return (value): value is T => (values as unknown[]).includes(value);
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value): value is T | null => value === null || shape(value);
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(shape);
}

export function pair<T>(shape: Shape<T>): Shape<readonly [T, T]> {
  return (value): value is readonly [T, T] =>
    Array.isArray(value) && value.length === 2 && value.every(shape);
}

export function mapOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value): value is Record<string, T> => isRecord(value) && Object.values(value).every(shape);
}

/** All of these members, and no others. */
export function object<S extends Record<string, Shape<unknown>>>(
  members: S,
): Shape<{ readonly [K in keyof S]: Shaped<S[K]> }> {
  const names = Object.keys(members);
  return (value): value is { readonly [K in keyof S]: Shaped<S[K]> } =>
    isRecord(value) &&
    Object.keys(value).length === names.length &&
    names.every((name) => Object.hasOwn(value, name) && members[name]?.(value[name]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
