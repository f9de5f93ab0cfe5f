/** A time that the calendar has, in the form of `Date.toISOString`: JavaScript takes the 30th of February for the 2nd of March. */
export function isInstant(value: unknown): value is string {
  return typeof value === 'string' && INSTANT.test(value) && isOfCalendar(value);
}

/** The same, with up to nine digits behind the point. */
export function isFineInstant(value: unknown): value is string {
  return typeof value === 'string' && FINE_INSTANT.test(value) && isOfCalendar(`${value.slice(0, 23)}Z`);
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const FINE_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/;

/** The day that comes out is the one that went in; hour 24 is the next day's. */
function isOfCalendar(text: string): boolean {
  return new Date(text).getUTCDate() === Number(text.slice(8, 10));
}
