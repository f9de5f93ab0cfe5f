import { z } from 'zod';

/*
 * Parts of what comes in, each checked by the very rule that the API's document gives: `trim` before a check, and `coerce`, are not in it.
 */

/** All that JavaScript's `trim` takes off. Spelled out: whether a reader's `\s` is the same, JSON Schema leaves open. */
const BREAKS = String.raw`\t-\r\u2028\u2029`;
const SPACES = String.raw` \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff`;
const notBlank = new RegExp(`[^${BREAKS}${SPACES}]`);
/** Control characters (Cc), and separators of lines and paragraphs (Zl, Zp). */
const CONTROLS = String.raw`\u0000-\u001f\u007f-\u009f\u2028\u2029`;
const oneLine = new RegExp(`^[${SPACES}]*[^${SPACES}${CONTROLS}][^${CONTROLS}]*$`);

/** An empty text is refused once, and not for its form, too. */
const onlyIssue = { abort: true } as const;

/** Words of a person: not blank, without the space around them. */
export function words(longest: number) {
  return z.string().min(1, onlyIssue).max(longest).regex(notBlank, 'must not be blank').trim();
}

/**
 * A name of one line. Names stand in emails and in their subjects: line breaks in a name could inject content into our emails
 * (CWE-93).
 */
export function plainLine(longest: number) {
  return z
    .string()
    .min(1, onlyIssue)
    .max(longest)
    .regex(oneLine, 'must be one line of text, not blank and without control characters')
    .trim();
}

/** A whole number in a path or a query, in decimal digits: no `0x10`, no `1e3`, no space around it. */
export function decimal(least: number, most: number) {
  return z.preprocess(
    (given) => (typeof given === 'string' && /^(?:0|[1-9][0-9]*)$/.test(given) ? Number(given) : given),
    z.int().min(least).max(most),
  );
}

/** What a cursor of ours can look like; what it must hold is the list's own affair. */
export const cursorText = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,1000}$/, 'must be a cursor: `next` of an earlier page')
  .describe('`next` of the previous page');

/** When something ends, in UTC (RFC 3339 with an offset): an offset must not carry it to a year that JSON's dates or Postgres spell in another way. */
export const expiry = z.iso
  .datetime({ offset: true, abort: true })
  .refine((text) => isBounded(Date.parse(text)), 'must be from 1970 to 9999, in UTC')
  .transform((text) => new Date(text).toISOString());

const [FIRST, BEYOND] = [Date.UTC(1970, 0, 1), Date.UTC(10_000, 0, 1)];

export function isBounded(milliseconds: number): boolean {
  return milliseconds >= FIRST && milliseconds < BEYOND;
}
