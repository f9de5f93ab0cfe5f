import { isBounded } from '@vouchsafe/service-host';
import { z } from 'zod';
import { instantIn } from '../log/instant.js';

/** zod's RFC 3339, with no more digits after the second than are kept. */
const INSTANT = new RegExp(z.regexes.datetime({ offset: true }).source.replace('\\.\\d+', '\\.\\d{1,9}'));

/**
 * An instant as callers give it (RFC 3339 with an offset), from 1970 to 9999 in UTC: an offset must not carry it to a year that JSON
 * dates or Postgres spell in another way. Its digits are kept, so no more are taken than can be; a leap second has no place in UTC
 * as computers count it, and is refused rather than moved.
 */
export const boundedInstant = z
  .string()
  .regex(INSTANT, { abort: true, error: ({ input }) => reasonAgainst(input) })
  .meta({ format: 'date-time' })
  .refine((text) => isBounded(Date.parse(text)), 'must be from 1970 to 9999, in UTC')
  .transform(instantIn);

/** One end of a range of time, of a list as of an export. */
export const time = z
  .union(
    [
      boundedInstant,
      z.iso
        .date()
        .refine((day) => isBounded(Date.parse(day)), 'must be from 1970 to 9999, in UTC')
        .transform((day) => `${day}T00:00:00.000Z`),
    ],
    'must be a day, or a date and time with an offset and at most nine digits after the second (no leap second), from 1970 to 9999',
  )
  .describe('An instant, or a day (its start in UTC)');

function reasonAgainst(input: unknown): string {
  if (typeof input === 'string' && LEAP_SECOND.test(input))
    return 'must not be a leap second (:60): send the last instant before it, or the first one after it';
  if (typeof input === 'string' && TEN_DIGITS.test(input))
    return 'must have at most nine digits after the second';
  return 'must be a date and time with an offset (RFC 3339), as in 2026-11-28T10:00:00.123456789Z';
}

const TEN_DIGITS = /\.\d{10}/;
const LEAP_SECOND = /:60(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
