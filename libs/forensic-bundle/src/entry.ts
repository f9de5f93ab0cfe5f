import { openLeaf, type OpenedLeaf } from '@vouchsafe/transparency-log';
import { csvRow } from './csv.js';
import { textIn, type EntryFields } from './entry-fields.js';
import { ocsfLine } from './ocsf.js';

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

/** What the files drawn from the entries say of one; each line with its end. */
export type EntryLines = {
  readonly csv: string;
  readonly ocsf: string;
};

export type DescribedEntry =
  | {
      readonly status: 'described';
      readonly lines: EntryLines;
      readonly undisclosed: number;
      readonly recordedAt: string;
    }
  | Exclude<OpenedLeaf, { status: 'opened' }>
  /** `recordedAt` is what the range of a bundle goes by: every leaf has it. */
  | { readonly status: 'no-time' };

/** The lines of an entry. The exporter writes them; the verifier computes them again and compares. */
export function describeEntry(logId: string, entry: BundleEntry): DescribedEntry {
  const opened = openLeaf(entry.leaf, entry.disclosures);
  if (opened.status !== 'opened') return opened;
  const recordedAt = textIn(opened.entry, 'recordedAt');
  if (!INSTANT.test(recordedAt)) return { status: 'no-time' };
  const fields: EntryFields = {
    logId,
    index: entry.index,
    entry: opened.entry,
    undisclosed: opened.undisclosed,
    erased: entry.erased,
    held: entry.held,
  };
  const lines: EntryLines = { csv: csvRow(fields), ocsf: ocsfLine(fields) };
  return { status: 'described', lines, undisclosed: opened.undisclosed, recordedAt };
}

/** Empty where nothing is opened, else `{"disclosures":[...],"index":n}`: canonical JSON, the disclosures sorted, so that there is one way to write it. */
export function disclosureLine(index: number, disclosures: readonly string[]): string {
  if (disclosures.length === 0) return '';
  return `{"disclosures":${JSON.stringify([...disclosures].sort())},"index":${index}}\n`;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
