const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const FINE_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/;

/** `2026-11-28T10:00:00.123Z`, of a day and an hour that there are: no 31st of November, no hour 24. */
export function isInstant(value: unknown): value is string {
  return typeof value === 'string' && INSTANT.test(value) && isReal(value);
}

/** The same, with up to nine digits behind the point. */
export function isFineInstant(value: unknown): value is string {
  return typeof value === 'string' && FINE_INSTANT.test(value) && isReal(`${value.slice(0, 23)}Z`);
}

/** `Date` takes the 31st of November for the 1st of December. */
function isReal(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}
