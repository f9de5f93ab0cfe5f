import { makeLeaf } from '@vouchsafe/transparency-log';
import { leafParts, type NewEntry, wordsOf } from './entry.js';

export interface EntryLeaf {
  readonly bytes: Uint8Array;
  readonly words: readonly string[];
  /** The disclosures of the values about one person (or about nobody known), in the order of the entry. */
  readonly disclosures: ReadonlyMap<string | null, readonly string[]>;
}

export type LeafRejection = 'reserved-name' | 'too-large' | 'not-json';

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
  if (made.status === 'path-taken') throw new Error(`An entry's value stands twice: ${made.path.join('.')}`);
  if (made.status !== 'made') return { rejected: made.status };
  const disclosures = new Map<string | null, string[]>();
  made.disclosures.forEach(({ disclosure }, i) => {
    const subject = hidden[i]?.subject ?? null;
    const group = disclosures.get(subject);
    if (group) group.push(disclosure);
    else disclosures.set(subject, [disclosure]);
  });
  return { bytes: made.leaf, words: wordsOf(clear), disclosures };
}
