import { makeLeaf } from '@vouchsafe/transparency-log';
import { leafParts, type NewEntry, wordsOf } from './entry.js';
import { pathText } from './field-path.js';

export interface EntryLeaf {
  readonly bytes: Uint8Array;
  readonly words: readonly string[];
  /** How many values stand in it as digests. */
  readonly disclosable: number;
  /** The disclosures of the values about one person (or about nobody known), each `path:disclosure`. */
  readonly disclosures: ReadonlyMap<string | null, readonly string[]>;
}

export type LeafRejection = 'reserved-name' | 'too-large' | 'not-json';

/** Characters of all disclosures of an entry: with everything opened, they are a line of a bundle (docs/formats.md, Limits). */
export const MOST_DISCLOSED = 512 * 1024;

/** @param salts gives 16 fresh random bytes at each call */
export function leafOf(
  entry: NewEntry,
  recordedAt: Date,
  salts: () => Uint8Array,
): EntryLeaf | { rejected: LeafRejection } {
  const { clear, hidden } = leafParts(entry, recordedAt);
  let made;
  try {
    made = makeLeaf(
      clear,
      hidden.map(({ path, value }) => ({ path, value, salt: salts() })),
    );
  } catch (error) {
    // What JSON cannot carry exactly: a lone surrogate, nesting without end.
    if (error instanceof TypeError) return { rejected: 'not-json' };
    throw error;
  }
  if (made.status === 'path-taken')
    throw new Error(`An entry has two values at the same path: ${made.path.join('.')}`);
  if (made.status !== 'made') return { rejected: made.status };
  const disclosed = made.disclosures.reduce((sum, { disclosure }) => sum + disclosure.length, 0);
  if (disclosed > MOST_DISCLOSED) return { rejected: 'too-large' };
  const disclosures = new Map<string | null, string[]>();
  made.disclosures.forEach(({ disclosure }, i) => {
    const one = hidden[i];
    if (!one) throw new Error('A disclosure does not belong to a hidden value');
    const group = disclosures.get(one.subject);
    const named = `${pathText(one.path)}:${disclosure}`;
    if (group) group.push(named);
    else disclosures.set(one.subject, [named]);
  });
  return { bytes: made.leaf, words: wordsOf(clear), disclosable: hidden.length, disclosures };
}
