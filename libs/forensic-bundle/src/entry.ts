import { leafReader, readLeaf, type Bytes, type LeafFault } from '@vouchsafe/transparency-log';
import { writeCsvRow } from './csv.js';
import { fieldText, findFields, type EntryMarks } from './entry-fields.js';
import { writeOcsfLine } from './ocsf.js';

/** One entry on its way into a bundle, or out of it. */
export type BundleEntry = {
  readonly index: number;
  /** The exact bytes that were hashed into the log. */
  readonly leaf: Uint8Array;
  /** The disclosures that this bundle opens, as `makeLeaf` gave them; in any order. */
  readonly disclosures: readonly string[];
  /** That personal values of it were erased, that it is under a legal hold. */
  readonly erased: boolean;
  readonly held: boolean;
};

/** The files drawn from the entries, or as much of them as was written since. */
export type EntryLines = { readonly csv: Bytes; readonly ocsf: Bytes };

export type DescribedEntry =
  | { readonly status: 'described'; readonly undisclosed: number; readonly recordedAt: string }
  | LeafFault
  /** `recordedAt` is what the range of a bundle goes by: every leaf has it. */
  | { readonly status: 'no-time' };

/**
 * Writes the lines of an entry, each with its end, straight from the bytes of its leaf. The exporter writes them; the
 * verifier computes them again and compares.
 */
export function describeEntry(logId: string, entry: BundleEntry, lines: EntryLines): DescribedEntry {
  const fault = readLeaf(reader, entry.leaf, entry.disclosures);
  if (fault) return fault;
  const found = findFields(reader);
  const recordedAt = fieldText(found, found.recordedAt);
  if (!INSTANT.test(recordedAt)) return { status: 'no-time' };
  const { index, erased, held } = entry;
  const { undisclosed } = reader;
  const marks: EntryMarks = { logId, index, undisclosed, erased, held };
  writeCsvRow(lines.csv, found, marks);
  writeOcsfLine(lines.ocsf, found, marks);
  return { status: 'described', undisclosed, recordedAt };
}

const reader = leafReader();

/** Empty where nothing is opened, else `{"disclosures":[...],"index":n}`: canonical JSON, the disclosures sorted, so that there is one way to write it. */
export function disclosureLine(index: number, disclosures: readonly string[]): string {
  if (disclosures.length === 0) return '';
  const sorted = disclosures.length === 1 ? disclosures : [...disclosures].sort();
  return `{"disclosures":["${sorted.join('","')}"],"index":${index}}\n`;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
