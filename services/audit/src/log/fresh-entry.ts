import type { NewEntry } from './entry.js';
import type { EntryLeaf } from './leaf-of-entry.js';
import type { EntryLocation } from './entry-location.js';
import type { SearchKeys } from './search-keys.js';
import type { Submission } from './submission.js';

/** An entry that has its location and its leaf, and is not stored yet. */
export interface FreshEntry {
  readonly entry: NewEntry;
  readonly leaf: EntryLeaf;
  readonly location: EntryLocation;
  readonly recordedAt: Date;
  /** Both times as Postgres reads them. */
  readonly recorded: string;
  readonly occurred: string;
  readonly keys: SearchKeys;
  readonly submission: Submission | null;
}
