/**
 * An instant as entries carry it: RFC 3339 in UTC, `2026-11-28T10:00:00.123456789Z`, with the digits of the second that were sent, three to
 * nine. A `Date` would cut them to the millisecond.
 */
export type Instant = string;

/** @param text RFC 3339 with an offset; a year from 1970 to 9999 in UTC */
export function instantIn(text: string): Instant {
  // As our own services write it: nothing to do, for most of what comes.
  if (MILLISECONDS.test(text)) return text;
  const [, before = '', digits = '', offset = ''] = PARTS.exec(text) ?? [];
  const seconds = new Date(`${before}${offset}`).toISOString().slice(0, SECONDS_LENGTH);
  return `${seconds}.${digits.padEnd(3, '0')}Z`;
}

/** As Postgres keeps it, in microseconds: cut, where it would round, so that no instant moves behind a later one's second. */
export function microseconds(instant: Instant): string {
  const digits = instant.slice(SECONDS_LENGTH + 1, -1);
  return `${instant.slice(0, SECONDS_LENGTH)}.${digits.slice(0, 6).padEnd(6, '0')}Z`;
}

const MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const PARTS = /^([^.Z+]+?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;
const SECONDS_LENGTH = '2026-11-28T10:00:00'.length;
