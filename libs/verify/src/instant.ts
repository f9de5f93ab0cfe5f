const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const FINE_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/;

/** `2026-11-28T10:00:00.123Z`, of a day and an hour that exist: no 31st of November, no hour 24. */
export function isInstant(value: unknown): value is string {
  return typeof value === 'string' && INSTANT.test(value) && timeOf(value) !== undefined;
}

/** The same, with up to nine digits after the point. */
export function isFineInstant(value: unknown): value is string {
  return typeof value === 'string' && millisecondsOf(value) !== undefined;
}

/** Since 1970, of such an instant; digits after the third are cut off. Undefined where it is none. */
export function millisecondsOf(text: string): number | undefined {
  return FINE_INSTANT.test(text) ? timeOf(`${text.slice(0, 23)}Z`) : undefined;
}

/** `Date` takes the 31st of November for the 1st of December, and hour 24 for the next day: then the day is not the one in the text. */
function timeOf(text: string): number | undefined {
  const date = new Date(text);
  return date.getUTCDate() === Number(text.slice(8, 10)) ? date.getTime() : undefined;
}
