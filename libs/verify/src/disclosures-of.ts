import { disclosureLine } from '@vouchsafe/forensic-bundle';

type LineFailure = { readonly status: 'malformed-line' | 'stray-line'; readonly line: number };

/** Reads lines of disclosures.ndjson beside the entries they belong to, which are asked for in ascending order of index. */
export function disclosuresOf(lines: Buffer): {
  readonly of: (index: number) => readonly string[] | LineFailure;
  readonly count: () => number;
  /** The line that no entry asked for. */
  readonly stray: () => LineFailure | undefined;
} {
  let at = 0;
  let line = 0;
  let count = 0;
  let next = -1;
  let text = '';
  const advance = (): void => {
    if (at === lines.length) {
      next = Number.POSITIVE_INFINITY;
      return;
    }
    const end = lines.indexOf(0x0a, at);
    text = lines.toString('latin1', at, end);
    next = indexAtEnd(lines, at, end);
    at = end + 1;
    line++;
  };
  advance();
  return {
    of: (index) => {
      if (next > index) return NONE;
      // No line has two ways to be written: the list must be sorted, and what stands in it is checked as it is opened.
      const disclosures = text.slice(BEFORE.length, text.lastIndexOf(BEHIND)).split('","');
      if (next >= 0 && next < index) return { status: 'stray-line', line };
      if (disclosureLine(index, disclosures) !== `${text}\n`) return { status: 'malformed-line', line };
      count += disclosures.length;
      advance();
      return disclosures;
    },
    count: () => count,
    stray: () => (next < Number.POSITIVE_INFINITY ? { status: 'stray-line', line } : undefined),
  };
}

const NONE: readonly string[] = [];
const BEFORE = '{"disclosures":["';
const BEHIND = '"],"index":';

/** The number at the end of a line, before its brace: whose disclosures they are; -1 where there is none. */
export function indexAtEnd(lines: Uint8Array, start: number, end: number): number {
  let index = 0;
  let at = end - 2;
  for (let unit = 1; at >= start && unit < 1e16; at--, unit *= 10) {
    const digit = (lines[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    index += digit * unit;
  }
  return at === end - 2 ? -1 : index;
}
