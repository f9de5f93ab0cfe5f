import { disclosureLine } from '@vouchsafe/forensic-bundle';
import type { Cursor } from './members.js';
import { check } from './problem.js';

export type DisclosureReader = {
  /** What is opened of an entry; asked for in ascending order of index. */
  readonly of: (index: number) => readonly string[];
  readonly end: () => void;
  readonly count: () => number;
};

/** Reads disclosures.ndjson beside the entries: its lines must be ascending, in their one form, and all be used. */
export function disclosureReader(cursor: Cursor): DisclosureReader {
  let line = 0;
  let count = 0;
  let before = -1;
  let next: { index: number; disclosures: readonly string[] } | undefined;
  const advance = (): void => {
    const bytes = cursor.line();
    next = undefined;
    if (!bytes) return;
    line++;
    const text = Buffer.from(bytes).toString('utf8');
    const match = /^\{"disclosures":\["([\w-]+(?:","[\w-]+)*)"\],"index":(\d+)\}$/.exec(text);
    const disclosures = match?.[1]?.split('","') ?? [];
    const index = Number(match?.[2]);
    check(
      disclosureLine(index, disclosures) === `${text}\n`,
      cursor.name,
      'it is not a list of disclosures',
      line,
    );
    check(index > before, cursor.name, 'it is twice there, or out of order', line);
    before = index;
    next = { index, disclosures };
  };
  advance();
  return {
    of: (index) => {
      if (next?.index !== index) return [];
      const { disclosures } = next;
      count += disclosures.length;
      advance();
      return disclosures;
    },
    end: () => {
      check(
        next === undefined,
        cursor.name,
        'it opens values of an entry that is not here, or out of order',
        line,
      );
      cursor.end();
    },
    count: () => count,
  };
}
