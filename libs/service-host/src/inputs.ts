import { z } from 'zod';

/*
 * Parts of what comes in, each checked by the very rule that the API's document gives: `trim` before a check, and `coerce`, are not in it.
 */

/** Space within a line, all of which `trim` takes off. Spelled out: whether a reader's `\s` is the same, JSON Schema leaves open. */
const SPACES = String.raw` \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000`;
/** Control characters (Cc), separators of lines and paragraphs (Zl, Zp), and format characters (Cf) below U+10000 but for the joiners. */
const CONTROLS =
  String.raw`\u0000-\u001f\u007f-\u009f\u2028\u2029` +
  String.raw`\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb`;
const oneLine = new RegExp(`^[${SPACES}]*[^${SPACES}${CONTROLS}][^${CONTROLS}]*$`);

/** An empty text is refused once, and not for its form, too. */
const onlyIssue = { abort: true } as const;

/**
 * Joiners within words, where Persian and the scripts of India need them, and after the virama that ends a word in the older spelling of
 * Malayalam (Unicode 17, sections 9.2 and 12.9; compare RFC 5892, appendix A).
 */
const joiners = /(?<=[\p{L}\p{M}])[\u200c\u200d](?=[\p{L}\p{M}])|(?<=\u0d4d)\u200d/gu;
const notPlain = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** Fillers and the blank of Braille are letters and symbols to Unicode; nobody sees them. */
const visible = /[^\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Whether a person sees what there is, as it is: one line, and nothing that hides, turns or separates. */
export function isPlainLine(text: string): boolean {
  return visible.test(text) && !notPlain.test(text.replaceAll(joiners, ''));
}

/**
 * A name or a reason, in one line, without the space around it. Names stand in emails and in their subjects: line breaks in a name could
 * inject content into our emails (CWE-93). They stand in logs and on terminals too: what turns the direction of writing, or is not seen at
 * all, makes one name look like another (CWE-150, CWE-1007).
 */
export function plainLine(longest: number, meaning?: string) {
  return z
    .string()
    .min(1, onlyIssue)
    .max(longest)
    .regex(oneLine, {
      abort: true,
      error: 'must be one line of text, not blank and without control or format characters',
    })
    .refine(isPlainLine, 'must be visible text; U+200C and U+200D are allowed between letters')
    .trim()
    .describe(meaning === undefined ? LINE : `${meaning}. ${LINE}`);
}

const LINE =
  'One line of visible text without control or format characters; U+200C and U+200D are allowed between letters';

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
