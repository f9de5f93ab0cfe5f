import { isJsonObject, parseCanonicalJson } from '@vouchsafe/transparency-log';
import type { Cursor } from '../container/bundle-files.js';
import { Problem, check } from '../problem.js';

/** disclosures.ndjson beside the entries whose values it opens, which are asked for in ascending order of index. */
export type DisclosureLines = {
  readonly of: (index: number) => readonly string[];
  /** The line that the last entry's disclosures stand on. */
  readonly line: () => number;
  /** How many values were opened so far. */
  readonly count: () => number;
  /** Throws where a line is left that no entry asked for. */
  readonly end: () => void;
};

/** A line is canonical JSON, `{"disclosures":[...],"index":n}`: there is one way to write it. */
export function disclosureLines(cursor: Cursor): DisclosureLines {
  const { name } = cursor;
  let lines = 0;
  let count = 0;
  const read = (): DisclosureLine | undefined => {
    const bytes = cursor.line();
    if (!bytes) return undefined;
    lines++;
    const parsed = parseLine(bytes);
    check(parsed !== undefined, name, 'it is not a list of disclosures', lines);
    return parsed;
  };
  let next = read();
  const stray = (): Problem =>
    new Problem(name, 'it opens values of an entry that is not here, or out of order', lines);
  let line = 0;
  return {
    of: (index) => {
      if (!next || next.index > index) return [];
      if (next.index < index) throw stray();
      const { disclosures } = next;
      line = lines;
      count += disclosures.length;
      next = read();
      return disclosures;
    },
    line: () => line,
    count: () => count,
    end: () => {
      if (next) throw stray();
      cursor.end();
    },
  };
}

type DisclosureLine = { readonly index: number; readonly disclosures: readonly string[] };

/** Undefined where it is not exactly such a line. What the disclosures are is seen when they are opened. */
function parseLine(bytes: Buffer): DisclosureLine | undefined {
  const line = parseCanonicalJson(bytes)?.value;
  if (!isJsonObject(line) || Object.keys(line).length !== 2) return undefined;
  const { index, disclosures } = line;
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return undefined;
  return isSortedTexts(disclosures) && disclosures.length > 0 ? { index, disclosures } : undefined;
}

function isSortedTexts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return false;
  return value.every((text, i) => i === 0 || (value[i - 1] ?? '') < text);
}
