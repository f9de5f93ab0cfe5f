/** Where a value that can be disclosed stands in an entry. */
export type FieldPath = readonly [name: string] | readonly [object: string, name: string];

/**
 * A field path in one word, as it is stored beside its disclosure: holds no space and no colon. There are two names at most,
 * so the first dot parts them, whatever dots stand in the second.
 */
export function pathText(path: FieldPath): string {
  return path.map(encodeURIComponent).join('.');
}

/**
 * Whether a stored path is one of those asked for, or below one (docs/formats.md, 'Field paths'): `details` asks for all that
 * stands in them; all that stands behind `details.` is the name of the one asked for.
 */
export function askedFor(asked: readonly string[]): (stored: string) => boolean {
  const whole = new Set(asked.map(storedForm));
  const allDetails = whole.has('details');
  return (stored) => whole.has(stored) || (allDetails && stored.startsWith('details.'));
}

function storedForm(asked: string): string {
  const dot = asked.indexOf('.');
  return pathText(dot < 0 ? [asked] : [asked.slice(0, dot), asked.slice(dot + 1)]);
}
