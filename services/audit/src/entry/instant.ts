import { z } from 'zod';

const [first, beyond] = [Date.UTC(1970, 0, 1), Date.UTC(10_000, 0, 1)];

/**
 * An instant as callers give it (RFC 3339 with an offset), from 1970 to 9999 in UTC: an offset must not carry it to a year that JSON
 * dates or Postgres spell in another way.
 */
export const boundedInstant = z.iso
  .datetime({ offset: true })
  .refine((text) => isBounded(Date.parse(text)), 'from 1970 to 9999, in UTC')
  .transform((text) => new Date(text));

export function isBounded(milliseconds: number): boolean {
  return milliseconds >= first && milliseconds < beyond;
}
